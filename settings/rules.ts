import { z } from "zod";
import { parseCidr, parseIpv4, rangeAround } from "./cidr";
import { plainly } from "./invisible";
import { KUBERNETES_MINORS, minorRemedy, MINORS_IN_WORDS } from "./kubernetes-minors";
import { PRINCIPAL_TYPES } from "./principals";
import { sizeMeantBy, virtualMachineSize, VIRTUAL_MACHINE_SIZE } from "./sizes";

/**
 * What Azure and Kubernetes refuse, as zod schemas: said before a plan instead of ten minutes into a deployment.
 * The figures are those of Microsoft's "Naming rules and restrictions for Azure resources" unless a line says otherwise.
 */

/** What an error says about a rule that a value breaks. */
export interface RuleText {
  readonly allowed: string;
  /** A function where the value itself suggests what was meant. */
  readonly remedy: string | ((value: string) => string);
}

/**
 * A string that satisfies `test`, with the words of the error when it does not.
 * @param shape - what of the test a regular expression can say; it reaches the JSON Schema for editors
 */
export function text(test: (value: string) => boolean, { allowed, remedy }: RuleText, shape?: RegExp) {
  return z
    .string()
    .check(({ value, issues }) => {
      if (!test(value)) {
        const plain = plainly(value);
        const meant =
          plain !== value && !/[\n\r]/.test(value) && test(plain)
            ? `did you mean ${plain}? Type it again: a sign in it is another one, or cannot be seen`
            : undefined;
        issues.push({
          code: "custom",
          input: value,
          params: { allowed, remedy: meant ?? (typeof remedy === "string" ? remedy : remedy(value)) },
        });
      }
    })
    .meta({ ...(shape && { pattern: shape.source }), patternErrorMessage: allowed });
}

/** A string that matches `expression`. */
export function pattern(expression: RegExp, rule: RuleText) {
  return text((value) => expression.test(value), rule, expression);
}

/** A text that says something to a reader: not empty, one line. */
export const oneLine = (most: number) =>
  pattern(new RegExp(`^(?=.*\\S)[^\\n\\r]{1,${most}}$`), {
    allowed: `1 to ${most} characters on one line`,
    remedy: "give such a text",
  });

/** An integer within bounds, both inclusive. */
export function integer(minimum: number, maximum: number, unit = "") {
  const allowed = `a whole number ${unit === "" ? "" : `of ${unit} `}from ${minimum} to ${maximum}`;
  return z
    .number()
    .refine((value) => Number.isInteger(value) && value >= minimum && value <= maximum, {
      params: { allowed, remedy: "give a number within these bounds" },
    })
    .meta({ type: "integer", minimum, maximum, patternErrorMessage: allowed });
}

/**
 * A list in which nothing stands twice.
 * @param meaning - what two entries have in common that mean the same
 */
export function uniqueList<Item extends z.ZodType<string, string>>(
  item: Item,
  most: number,
  meaning = (one: string) => one.toLowerCase(),
) {
  return z
    .array(item)
    .check(({ value, issues }) => {
      const meanings = value.map(meaning);
      meanings.forEach((one, index) => {
        if (meanings.indexOf(one) < index) {
          issues.push({
            code: "custom",
            input: value,
            path: [index],
            params: { allowed: "each entry once", remedy: "delete one of the two" },
          });
        }
      });
      if (value.length > most) {
        issues.push({
          code: "custom",
          input: value,
          params: { allowed: `at most ${most} entries`, remedy: "give fewer" },
        });
      }
    })
    .meta({ maxItems: most, uniqueItems: true });
}

const UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

export const uuid = () =>
  pattern(new RegExp(`^${UUID}$`), {
    allowed: "a UUID, for example 11111111-2222-4333-8444-555555555555",
    remedy: "copy it from `az account show`",
  });

/** An object of Entra ID, with or without its type. */
export const principal = () =>
  pattern(new RegExp(`^(?:(?:${PRINCIPAL_TYPES.join("|")}):)?${UUID}$`), {
    allowed: `an object id of Entra ID (a UUID), with or without its type: ${PRINCIPAL_TYPES.map((type) => `${type}:`).join(", ")}`,
    remedy: (value) => {
      const [, given = "", objectId] = new RegExp(`^(\\w*)\\s*:\\s*(${UUID})$`).exec(value) ?? [];
      const type = PRINCIPAL_TYPES.find((one) => one.toLowerCase() === given.toLowerCase());
      return objectId === undefined
        ? "copy it from `az ad signed-in-user show`, `az ad group show` or `az ad sp show`, where it is the id"
        : type === undefined
          ? "choose one of these types, or leave it out"
          : `did you mean ${type}:${objectId}?`;
    },
  });

export const region = () =>
  pattern(/^[a-z]+[a-z0-9]*$/, {
    allowed: "an Azure region by its short name: lower-case letters and digits, for example westus2",
    remedy: (value) =>
      /^[a-zA-Z][a-zA-Z0-9 ]*$/.test(value.trim())
        ? `did you mean ${value.toLowerCase().replace(/ /g, "")}?`
        : "`az account list-locations --query '[].name'` lists them",
  });

export const resourceGroupName = () =>
  pattern(/^[-\w.()]{0,89}[-\w()]$/, {
    allowed: "1 to 90 letters, digits, '-', '_', '.', '(' and ')', not ending in '.'",
    remedy: "choose such a name",
  });

export const virtualNetworkName = () =>
  pattern(/^[a-zA-Z0-9][-\w.]{0,62}\w$/, {
    allowed:
      "2 to 64 letters, digits, '-', '_' and '.', starting with a letter or digit, ending in a letter, digit or '_'",
    remedy: "choose such a name",
  });

export const managedIdentityName = () =>
  pattern(/^[a-zA-Z0-9][-\w]{2,127}$/, {
    allowed: "3 to 128 letters, digits, '-' and '_', starting with a letter or digit",
    remedy: "choose such a name",
  });

/** Words that Azure refuses in a public name, anywhere or at its beginning (Microsoft, "Resolve errors for reserved resource names"). */
export const RESERVED_WORDS = /microsoft|windows|^(?:login|xbox)/i;

/** Names that Azure keeps for itself (the same page). */
const RESERVED_NAMES =
  /^(?:access|azure|bing|bizspark|biztalk|cortana|directx|dotnet|dynamics|excel|exchange|forefront|groove|hololens|hyperv|kinect|lync|msdn|o365|office|office365|onedrive|onenote|outlook|powerpoint|sharepoint|skype|visio|visualstudio)$/i;

/** A name that becomes part of a public DNS name. */
function publicName(expression: RegExp, allowed: string, remedy: string) {
  return text(
    (value) => expression.test(value) && !RESERVED_WORDS.test(value) && !RESERVED_NAMES.test(value),
    {
      allowed: `${allowed}; without microsoft or windows, not beginning with login or xbox, no product's name alone`,
      remedy,
    },
    expression,
  );
}

/** The DNS prefix of the API server is made of it, which Azure limits to 54 characters. */
export const clusterName = () =>
  publicName(
    /^[a-zA-Z0-9]([-_a-zA-Z0-9]{0,52}[a-zA-Z0-9])?$/,
    "1 to 54 letters, digits, '-' and '_', starting and ending with a letter or digit",
    "choose such a name",
  );

const OR_LEAVE_IT_OUT = "choose such a name, unique in all of Azure, or leave the field out and one is made";

export const keyVaultName = () =>
  publicName(
    /^(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$/,
    "3 to 24 letters, digits and single hyphens, starting with a letter, ending in a letter or digit",
    OR_LEAVE_IT_OUT,
  );

/** PostgreSQL and SQL servers. */
export const serverName = () =>
  publicName(
    /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    "3 to 63 lower-case letters, digits and hyphens, no hyphen at either end",
    OR_LEAVE_IT_OUT,
  );

export const storageAccountName = (remedy = OR_LEAVE_IT_OUT) =>
  publicName(/^[a-z0-9]{3,24}$/, "3 to 24 lower-case letters and digits", remedy);

export const registryName = () =>
  publicName(/^[a-zA-Z0-9]{5,50}$/, "5 to 50 letters and digits, no hyphen", OR_LEAVE_IT_OUT);

export const blobContainerName = () =>
  pattern(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/, {
    allowed: "3 to 63 lower-case letters, digits and single hyphens, no hyphen at either end",
    remedy: "name the blob container that holds the states",
  });

/**
 * Names of tags: the private DNS zones among the resources allow least (letters, digits and a few signs, no digit first);
 * Azure keeps three prefixes for itself ("Use tags to organize your Azure resources").
 */
export const tagName = () =>
  pattern(
    /^(?!(?:[mM][iI][cC][rR][oO][sS][oO][fF][tT]|[aA][zZ][uU][rR][eE]|[wW][iI][nN][dD][oO][wW][sS]))[a-zA-Z][-\w.]{0,127}$/,
    {
      allowed:
        "a name of a tag: 1 to 128 letters, digits, '-', '_' and '.', starting with a letter, not with microsoft, azure or windows",
      remedy: "choose such a name",
    },
  );

export const tagValue = () =>
  pattern(/^[^\n\r]{0,256}$/, { allowed: "up to 256 characters on one line", remedy: "shorten it" });

/** RFC 1123 label, as Kubernetes asks of a namespace; DataSurface's own lint asks for the same. */
export const namespaceName = () =>
  pattern(/^(?!default$|kube-|aks-|gatekeeper-system$|app-routing-system$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
    allowed:
      "1 to 63 lower-case letters, digits and '-', starting and ending with a letter or digit; none of Kubernetes' and AKS's own namespaces (default, kube-*, aks-*, gatekeeper-system, app-routing-system)",
    remedy: "choose such a name (RFC 1123 label)",
  });

/** DNS subdomain of RFC 1123, as Kubernetes asks of most objects. */
export const objectName = (remedy: string) =>
  pattern(/^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
    allowed:
      "a name of a Kubernetes object: lower-case letters, digits, '-' and '.', each part starting and ending with a letter or digit",
    remedy,
  });

/** Names that PostgreSQL Flexible Server reserves (its documentation, "administrator login"). */
const POSTGRESQL_RESERVED = [
  "azure_superuser",
  "azure_pg_admin",
  "azuresu",
  "admin",
  "administrator",
  "root",
  "guest",
  "public",
];

export const postgresqlAdminUser = () =>
  text(
    (value) => /^(?!pg_)[a-z][a-z0-9_]{0,62}$/i.test(value) && !POSTGRESQL_RESERVED.includes(value.toLowerCase()),
    {
      allowed: `1 to 63 letters, digits and '_', starting with a letter, not with pg_, none of ${POSTGRESQL_RESERVED.join(", ")}`,
      remedy: "choose such a name, for example airflowadmin",
    },
    /^[a-zA-Z][a-zA-Z0-9_]{0,62}$/,
  );

/** Names that Azure SQL reserves (its documentation, "administrator login": system names, built-in users and roles). */
const SQL_RESERVED = [
  "admin",
  "administrator",
  "sa",
  "root",
  "dbmanager",
  "loginmanager",
  "dbo",
  "guest",
  "public",
  "sys",
  "information_schema",
];

export const sqlAdminUser = () =>
  text(
    (value) => /^(?!db_)[a-z][a-z0-9_]{0,127}$/i.test(value) && !SQL_RESERVED.includes(value.toLowerCase()),
    {
      allowed: `1 to 128 letters, digits and '_', starting with a letter, not with db_, none of ${SQL_RESERVED.join(", ")}`,
      remedy: "choose such a name, for example mergeadmin",
    },
    /^[a-zA-Z][a-zA-Z0-9_]{0,127}$/,
  );

/**
 * A GitHub account: characters and length alone. Names of enterprise-managed users end in `_` and their company's short code (GitHub,
 * "Username considerations for external authentication"), old accounts have hyphens where new ones may not.
 */
export const GITHUB_ACCOUNT = "[A-Za-z0-9][A-Za-z0-9_-]{0,38}";

/** `owner/name`; bootstrap/payload/github_api.py has the same, and a test holds them equal. */
export const GITHUB_REPOSITORY = `${GITHUB_ACCOUNT}/(?!\\.{1,2}$)(?!.*\\.git$)[A-Za-z0-9._-]{1,100}`;

/** `owner/name` of a GitHub repository. */
export const gitHubRepository = () =>
  pattern(new RegExp(`^${GITHUB_REPOSITORY}$`), {
    allowed: "owner/name of a GitHub repository, for example yourorg/demo1",
    remedy: (value) => {
      const [, host, path = value] =
        /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?([^:/@]+\.[^:/@]+)(?::\d+)?[:/]+(.*)$/i.exec(value) ?? [];
      if (host !== undefined && !/^(?:www\.|ssh\.)?github\.com$/i.test(host)) {
        return `only github.com is supported, not ${host}: give owner and name of a repository there`;
      }
      const meant = path.replace(/(?:\.git)?\/*$/, "");
      return new RegExp(`^${GITHUB_REPOSITORY}$`).test(meant)
        ? `did you mean ${meant}?`
        : "give owner and name only: no https://, no .git";
    },
  });

/** Branch, tag or commit of a git repository. */
export const gitRef = () =>
  pattern(/^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9_./-]{0,254}$/, {
    allowed: "a branch, tag or commit: letters, digits, '.', '_', '/' and '-', starting with a letter or digit",
    remedy: "for example main",
  });

/** A name in the model that becomes part of names in Kubernetes, of DAG ids or of tables. */
export const modelName = (most: number) =>
  pattern(new RegExp(`^[A-Za-z](?:[A-Za-z0-9_]{0,${most - 2}}[A-Za-z0-9])?$`), {
    allowed: `1 to ${most} letters, digits and '_', starting with a letter, ending in a letter or digit`,
    remedy: "give the name as the model has it",
  });

/** A name in the model that becomes part of a Secret's name; Key Vault's rules are those of the release lines that read it (model-rules.ts). */
export const secretName = (most: number) =>
  pattern(new RegExp(`^[A-Za-z](?:[A-Za-z0-9_-]{0,${most - 2}}[A-Za-z0-9])?$`), {
    allowed: `1 to ${most} letters, digits, '_' and '-', starting with a letter, ending in a letter or digit`,
    remedy: "give the name as the model has it",
  });

/** Databases that every Azure SQL server has. */
const SQL_SYSTEM_DATABASES = /^(?:master|model|msdb|tempdb)$/i;

export const sqlDatabaseName = () =>
  text(
    (value) => /^[A-Za-z][A-Za-z0-9_-]{0,127}$/.test(value) && !SQL_SYSTEM_DATABASES.test(value),
    {
      allowed: "1 to 128 letters, digits, '_' and '-', starting with a letter, none of master, model, msdb, tempdb",
      remedy: "give the name as the model has it",
    },
    /^[A-Za-z][A-Za-z0-9_-]{0,127}$/,
  );

/** Id of a DAG in Airflow; bootstrap/payload/verify.py has the same. */
export const dagId = () =>
  pattern(/^[A-Za-z0-9_.-]{1,250}$/, {
    allowed: "an id of a DAG: 1 to 250 letters, digits, '_', '.' and '-'",
    remedy: "copy it from Airflow's UI, or from the list in verify's log",
  });

/** Digest of a container image. */
export const digest = () =>
  pattern(/^sha256:[0-9a-f]{64}$/, {
    allowed: "sha256: and 64 hexadecimal digits",
    remedy: "copy the digest that the registry shows for the tag",
  });

export const imageTag = () =>
  pattern(/^\w[\w.-]{0,127}$/, {
    allowed:
      "a tag of a container image: 1 to 128 letters, digits, '_', '.' and '-', starting with a letter, digit or '_'",
    remedy: "give the tag alone, without the image's name",
  });

/** Kubernetes' minor version: AKS keeps the patch up to date by its upgrade channel. */
export const kubernetesMinorVersion = () =>
  pattern(new RegExp(`^(?:${Object.keys(KUBERNETES_MINORS).join("|").replaceAll(".", "\\.")})$`), {
    allowed: `a minor version that AKS offers, in quotes: ${MINORS_IN_WORDS}`,
    remedy: minorRemedy,
  });

export const cidr = () =>
  text(
    (value) => parseCidr(value) !== undefined,
    {
      allowed: "an IPv4 range a.b.c.d/n whose address is the first of the range",
      remedy: (value) => {
        const meant = parseIpv4(value) === undefined ? rangeAround(value) : `${value}/32`;
        return meant === undefined ? "for example 10.0.16.0/24" : `did you mean ${meant}?`;
      },
    },
    /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/,
  );

export const ipv4Address = (example: string) =>
  text(
    (value) => parseIpv4(value) !== undefined,
    { allowed: "an IPv4 address", remedy: `for example ${example}` },
    /^\d{1,3}(\.\d{1,3}){3}$/,
  );

/** AKS refuses smaller sizes for its system pool ("Use system node pools"); DataSurface's images are for amd64 only. */
export const nodeSize = () =>
  text(
    (value) => nodeSizeFault(value) === undefined,
    {
      allowed:
        "an Azure VM size by its name, with at least 2 vCPUs, 4 GiB and an x86 processor, for example Standard_D2s_v5",
      remedy: (value) => nodeSizeFault(value) ?? "",
    },
    VIRTUAL_MACHINE_SIZE,
  );

function nodeSizeFault(name: string): string | undefined {
  const size = virtualMachineSize(name);
  if (!size) {
    const meant = sizeMeantBy(name);
    return meant === undefined || meant === name || nodeSizeFault(meant) !== undefined
      ? "`az vm list-skus --location REGION --resource-type virtualMachines` lists them"
      : `did you mean ${meant}?`;
  }
  if (size.arm) {
    return `${name} has an ARM processor, and DataSurface's images are for amd64 only: choose a size without p`;
  }
  if (size.vcpus !== undefined && size.vcpus < 2) {
    return `AKS refuses system nodes with ${size.vcpus} vCPU: choose a larger size`;
  }
  return size.memoryGiB !== undefined && size.memoryGiB < 4
    ? `${name} has ${size.memoryGiB} GiB: choose a larger size`
    : undefined;
}

/** An e-mail address, as far as Airflow's user table cares. */
export const emailAddress = () =>
  pattern(/^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, {
    allowed: "an e-mail address",
    remedy: "for example admin@example.com",
  });
