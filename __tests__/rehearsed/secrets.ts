import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { releaseLine } from "../../datasurface/releases";
import type { RootSecretId } from "../../constructs/secrets/root-secrets";
import { credentialId, dataSurfaceNames } from "../../datasurface/names";
import { vaultSecrets } from "../../rehearsal/differences";
import { CREDENTIALS } from "../../rehearsal/environment";
import type { Processes } from "../../rehearsal/processes";
import { EXCEPTIONS, LOCAL_ADMIN_EXCEPTION } from "../../rehearsal/secrets";
import type { Settings } from "../../settings/schema";
import { RENAMED_MODEL } from "../helpers/own-environments";
import { contents, formsIn, leakPattern, type LeakPattern } from "./leak-patterns";
import { withoutProtection } from "./deployed";
import type { PointProps } from "./point";
import { fields, places as placesOf, reached, type RootId, rootValues } from "./reached";
import type { Rig, SettingsFile, Synthesis } from "./rig";
import { REVERSED, ROLES, type Site, succeeded } from "./site";

/** Everything that is special somewhere: JSON, URLs, Terraform's templates, a shell, HTML, INI files, base64's neighbours. */
const AWKWARD = `"'\`!%20%$HOME\${x}$\${y}%{z}\\n\\<b>&amp;+=/@:#?;,[]{}|~^*()`;
/** What a password may have in it besides, and a token not. */
const BEYOND_TOKENS = " é漢😀";

interface Given {
  readonly variable: string;
  readonly root: RootSecretId;
  readonly mark: string;
  readonly value: string;
}

const given = (variable: string, root: RootSecretId, mark: string, more = ""): Given => ({
  variable: `TF_VAR_${variable}`,
  root,
  mark,
  value: `${AWKWARD}${more}${mark}`,
});

const PASSWORDS = [
  given("pg_admin_password", "postgresql", "Xq7PostgresqlGivenXq7", BEYOND_TOKENS),
  given("sql_admin_password", "sql", "Xq7AzureSqlGivenXq7", BEYOND_TOKENS),
  given("airflow_admin_password", "airflowAdmin", "Xq7AirflowAdminGivenXq7", BEYOND_TOKENS),
];
const TOKENS = [
  given("github_token", "gitHub", "Xq7GitHubTokenXq7"),
  given("gitlab_customer_token", "gitLab", "Xq7GitLabTokenXq7"),
];
const READ_TOKEN = given("github_read_token", "gitHubRead", "Xq7GitHubReadTokenXq7");

/** Part of every value that the rehearsal makes up. */
const MADE_UP = ["CANARY", "canary"].map((mark) => leakPattern(`a made-up secret (${mark})`, mark, mark));

/** One deployment whose files are searched. */
interface Variant {
  readonly environment: string;
  readonly about: string;
  readonly values: readonly Given[];
  readonly change?: (settings: SettingsFile) => void;
  /** The deployment after the first one. @default every family is rotated, with the same values */
  readonly second?: {
    readonly change: (settings: SettingsFile) => void;
    readonly env: Readonly<Record<string, string>>;
  };
  /** How far it goes; one that is destroyed also fails on the way. */
  readonly until: "deployed" | "rotated" | "destroyed";
}

const EVERY_FAMILY: NonNullable<Variant["second"]> = { change: rotateEveryFamily, env: {} };

/** What a team makes of the model: everything renamed, three more credentials, on a line that reads them from the vault. */
const OWN_MODEL = {
  version: "1.3.7",
  model: RENAMED_MODEL,
  credentials: [
    { name: "Acme-Warehouse", type: "USER_PASSWORD" },
    { name: "azure-bulk", type: "API_KEY_PAIR" },
    { name: "snowflake", type: "PRIVATE_KEY_AUTH" },
  ],
} as const;

/** Every family is rotated, one credential gets another value, given alone, and DataSurface becomes one that reads no vault. */
const OWN_MODEL_ROTATED: NonNullable<Variant["second"]> = {
  change: (settings) => {
    const [first, ...others] = OWN_MODEL.credentials;
    rotateEveryFamily(settings);
    Object.assign(settings, {
      datasurface: { ...settings.datasurface, version: "1.8.4", credentials: [{ ...first, revision: 2 }, ...others] },
    });
  },
  env: {
    [CREDENTIALS]: JSON.stringify({
      [OWN_MODEL.credentials[0].name]: { USER: "CANARY-another-user", PASSWORD: `CANARY-another${AWKWARD}` },
    }),
  },
};

/** Point 5: no secret is where it does not belong, and each is where it belongs, unchanged. */
export async function secrets({ rig, suite, environments, full }: PointProps): Promise<void> {
  const given = {
    about: "tokens and passwords given, a read token among them",
    values: [...PASSWORDS, ...TOKENS, READ_TOKEN],
    change: withReadToken,
  };
  const madeUp = { about: "passwords made up", values: TOKENS };
  const [first, ...others] = environments;
  const variants: readonly Variant[] = [
    ...(first === undefined
      ? []
      : [
          {
            ...given,
            about: `${given.about}, a model of its own with three credentials, from 1.3.7 to 1.8.4`,
            environment: first,
            change: withReadTokenAndOwnModel,
            second: OWN_MODEL_ROTATED,
            until: "destroyed",
          } as const,
          {
            ...madeUp,
            about: "passwords made up, access: local-admin",
            environment: first,
            change: localAdmin,
            until: full ? "destroyed" : "deployed",
          } as const,
        ]),
    ...(full ? others : ofOtherLines(rig, others, first)).map(
      (environment) => ({ ...given, environment, until: full ? "destroyed" : "rotated" }) as const,
    ),
    ...(full ? environments : []).map((environment) => ({ ...madeUp, environment, until: "destroyed" }) as const),
  ];
  await suite.all(
    variants.map((variant) => ({
      name: `${variant.environment}, ${variant.about}: ${variant.until}`,
      run: (processes: Processes) => searched(rig, variant, processes),
    })),
  );
}

function withReadToken(settings: SettingsFile): void {
  Object.assign(settings, { datasurface: { ...settings.datasurface, gitHubReadToken: true } });
}

function withReadTokenAndOwnModel(settings: SettingsFile): void {
  withReadToken(settings);
  Object.assign(settings, { datasurface: { ...settings.datasurface, ...OWN_MODEL } });
}

function localAdmin(settings: SettingsFile): void {
  Object.assign(settings, { access: { ...settings.access, mode: "local-admin" } });
}

function rotateEveryFamily(settings: SettingsFile): void {
  settings.revisions = { databasePasswords: 2, airflowKeys: 2, fernetKey: 2, tokens: 2 };
}

/** The first environment of each release line that an earlier one does not have: which secrets there are follows from it. */
function ofOtherLines(rig: Rig, others: readonly string[], first: string | undefined): readonly string[] {
  const line = (environment: string) => releaseLine(rig.settings(environment).datasurface.version);
  const lines = new Set(first === undefined ? [] : [line(first)]);
  return others.filter((environment) => lines.size < lines.add(line(environment)).size);
}

async function searched(
  rig: Rig,
  { environment, values, change, second = EVERY_FAMILY, until }: Variant,
  processes: Processes,
): Promise<readonly string[]> {
  const settings = (file: SettingsFile): void => {
    change?.(file);
    withoutProtection(file);
  };
  const synthesis = await rig.synthesize({ environment, change: settings }, processes);
  const site = rig.site(synthesis);
  const env = Object.fromEntries(values.map(({ variable, value }) => [variable, value]));
  const wanted = new Map<RootId, string>([
    ...values.map(({ root, value }) => [root, value] as const),
    ...ofCredentials(site.env),
  ]);
  // By a saved plan, as a pipeline does; one failure on the way, so that errors are in the log.
  await planAndApply(
    site,
    "first",
    env,
    processes,
    until === "destroyed" ? failures(synthesis.environment.settings) : undefined,
  );
  const problems = [...arrived(site, synthesis.environment.settings, wanted)];
  const everSecret = new Set(vaultSecrets(site.objects()).values());
  if (until !== "deployed") {
    const changed = (file: SettingsFile): void => {
      settings(file);
      second.change(file);
    };
    const next = await rig.synthesize({ environment, change: changed }, processes);
    site.use(next);
    await planAndApply(site, "second", { ...env, ...second.env }, processes);
    problems.push(...arrived(site, next.environment.settings, new Map([...wanted, ...ofCredentials(second.env)])));
    vaultSecrets(site.objects()).forEach((value) => everSecret.add(value));
  }

  const patterns = [
    ...MADE_UP,
    ...values.map(({ variable, value, mark }) => leakPattern(variable, value, mark)),
    ...generated(everSecret, values),
  ];
  const known = keysThatOpenNothing(site, synthesis);
  problems.push(...seen(site, patterns, until), ...leaks(site, patterns, known));
  if (until === "destroyed") {
    for (const role of REVERSED) {
      succeeded(await site.destroy(processes, role), `destroy of ${role}`);
    }
    problems.push(...leaks(site, patterns, known).map((line) => `after the destroy: ${line}`), ...site.left());
  }
  site.remove();
  return [...new Set(problems)];
}

async function planAndApply(
  site: Site,
  name: string,
  env: Readonly<Record<string, string>>,
  processes: Processes,
  fail?: string,
): Promise<void> {
  for (const role of ROLES) {
    for (let attempt = 1; ; attempt += 1) {
      const plan = `${name}-${attempt}.tfplan`;
      succeeded(
        await site.terraform(processes, role, ["plan", "-input=false", "-no-color", `-out=${plan}`], { env }),
        `plan of ${role}`,
      );
      if (attempt === 1) {
        const shown = succeeded(
          await site.terraform(processes, role, ["show", "-json", plan], { unlogged: true }),
          `show of ${role}`,
        );
        writeFileSync(join(site.stackFolder(role), `${plan}.json`), shown.output);
      }
      const run = await site.terraform(processes, role, ["apply", "-input=false", "-no-color", plan], { env, fail });
      if (run.succeeded) {
        break;
      }
      if (attempt > 3 || !run.journal.some(({ asked_for }) => asked_for)) {
        succeeded(run, `deploy of ${role}`);
      }
    }
  }
}

function failures({ datasurface: { model, credentials } }: Settings): string {
  const names = dataSurfaceNames(model, credentials);
  const [given = []] = credentials.map((credential) => [
    `azurerm_key_vault_secret[${credentialId(credential)}]`,
    `kubernetes_secret_v1[${names.secrets[credentialId(credential)]?.name ?? ""}]`,
  ]);
  return [
    `kubernetes_secret_v1[${names.secrets.git.name}]`,
    "azurerm_mssql_server",
    "azurerm_key_vault_secret[sql-admin-password]",
    ...given,
  ]
    .map((resource) => `${resource}:create:1`)
    .join(",");
}

/** The credentials' values that a run is given. */
function ofCredentials(env: Readonly<Record<string, string>>): readonly (readonly [RootId, string])[] {
  const given = JSON.parse(env[CREDENTIALS] ?? "{}") as Readonly<Record<string, unknown>>;
  return Object.entries(given).map(([name, value]) => [credentialId({ name }), fields(JSON.stringify(value)) ?? ""]);
}

/** Whether each place has exactly the value that was given, or the one that the vault made up. */
function arrived(site: Site, settings: Settings, given: ReadonlyMap<RootId, string>): readonly string[] {
  const wanted = new Map<RootId, string>([...rootValues(site.objects()), ...given]);
  const [places, number] = [reached(site.objects(), settings), placesOf(settings)];
  const inVault = site
    .objects()
    .filter(({ type, id }) => type === "azurerm_key_vault_secret" && id.includes("/datasurface--"));
  const strangers = inVault.filter(
    ({ id }) => !places.some(({ place }) => place === `vault ${id.slice(id.lastIndexOf("/") + 1)}`),
  );
  return [
    ...(places.length === number ? [] : [`${places.length} places have a secret, and ${number} should`]),
    ...strangers.map(({ id }) => `a secret that no DAG reads: ${id}`),
    ...[...given.keys()]
      .filter((root) => !rootValues(site.objects()).has(root))
      .map((root) => `the vault has no ${root}`),
    ...[...rootValues(site.objects())]
      .filter(([root, value]) => value !== wanted.get(root))
      .map(([root]) => `the vault has another ${root} than was given`),
    ...places
      .filter(({ root, value }) => value === undefined || value !== wanted.get(root))
      .map(
        ({ place, root, value }) =>
          `${place}: ${value === undefined ? "unreadable" : `not the ${root} that was given`}`,
      ),
    ...malformed(rootValues(site.objects())),
  ];
}

/** A fernet key is base64 for URLs of 32 bytes. */
function malformed(roots: ReadonlyMap<RootId, string>): readonly string[] {
  const fernet = roots.get("fernet") ?? "";
  return /^[A-Za-z0-9_-]{43}=$/.test(fernet) ? [] : ["the fernet key is not base64 of 32 bytes"];
}

/** What the vault ever held and nobody gave. */
function generated(held: ReadonlySet<string>, values: readonly Given[]): readonly LeakPattern[] {
  const known = (text: string): boolean => values.some(({ mark }) => text.includes(mark));
  return [...held]
    .filter((text) => !known(text) && !text.startsWith("{"))
    .map((text, index) => leakPattern(`made-up vault secret ${index + 1}`, text, text.slice(0, 20)));
}

/** Every file that a deployment leaves, the made-up cloud apart: that is the vault and the servers themselves. */
function files(folder: string, without: readonly string[]): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return without.includes(entry.name) || entry.isSymbolicLink()
      ? []
      : entry.isDirectory()
        ? files(path, without)
        : [path];
  });
}

interface KnownKey {
  readonly value: string;
  /** Files that may have it, by their path in the site. */
  readonly where: RegExp;
}

/** docs/secrets.md, "What is in the state all the same": the values, and where they may be. */
function keysThatOpenNothing(site: Site, { environment }: Synthesis): readonly KnownKey[] {
  const infra = new RegExp(`terraform-state/${environment.name}-infra\\.tfstate|stacks/${environment.name}-infra/`);
  const anywhere = /terraform-state\/|stacks\/[^/]+\//;
  const local = environment.settings.access.mode === "local-admin";
  return ROLES.flatMap((role) => site.state(role).instances).flatMap(({ type, attributes }) =>
    [
      ...EXCEPTIONS.map((exception) => ({ exception, where: infra })),
      ...(local ? [{ exception: LOCAL_ADMIN_EXCEPTION, where: anywhere }] : []),
    ]
      .filter(({ exception }) => exception.type === type && exception.harmless(attributes))
      .flatMap(({ exception, where }) =>
        Object.entries(attributes).flatMap(([name, value]) =>
          exception.attribute.test(name) ? texts(value).map((text) => ({ value: text, where })) : [],
        ),
      ),
  );
}

function texts(value: unknown): readonly string[] {
  return typeof value === "string"
    ? value.length > 5
      ? [value]
      : []
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(texts)
      : [];
}

function leaks(site: Site, patterns: readonly LeakPattern[], known: readonly KnownKey[]): readonly string[] {
  return files(site.folder, ["cloud", ".terraform"]).flatMap((file) => {
    const path = relative(site.folder, file);
    const allowed = known
      .filter(({ where }) => where.test(path))
      .flatMap(({ value }) => [value, JSON.stringify(value).slice(1, -1)]);
    // The longer first: a connection string has the key in it.
    const ordered = [...new Set(allowed)].sort((a, b) => b.length - a.length);
    return contents(path, readFileSync(file)).flatMap(({ name, content }) => {
      const rest = ordered.reduce(
        (text, value) => text.replaceAll(Buffer.from(value, "utf8").toString("latin1"), "(known)"),
        content,
      );
      return patterns.flatMap((wanted) => {
        const forms = formsIn(rest, wanted);
        return forms.length === 0 ? [] : [`${wanted.name} in ${name} (${forms.slice(0, 3).join("; ")})`];
      });
    });
  });
}

/** The search itself is tried where everything must be found: in the made-up cloud. And what is searched has to be there. */
function seen(site: Site, patterns: readonly LeakPattern[], until: Variant["until"]): readonly string[] {
  const cloud = files(site.cloud, [])
    .map((file) => readFileSync(file, "latin1"))
    .join("\n");
  const names = files(site.folder, ["cloud", ".terraform"]).map((file) => relative(site.folder, file));
  const expected = [
    /cdk\.tf\.json$/,
    /\.tfplan$/,
    /\.tfplan\.json$/,
    /\.tfstate$/,
    /terraform\.log$/,
    ...(until === "deployed" ? [] : [/\.tfstate\.backup$/]),
  ];
  const plans = files(site.folder, ["cloud", ".terraform"]).filter((file) => file.endsWith(".tfplan"));
  return [
    ...patterns
      .filter((wanted) => wanted.name !== "a made-up secret (canary)" && formsIn(cloud, wanted).length === 0)
      .map(({ name }) => `the search does not find ${name} where it has to be`),
    ...expected
      .filter((pattern) => !names.some((name) => pattern.test(name)))
      .map((pattern) => `no file like ${pattern.source} was searched`),
    ...plans
      .filter((file) => contents(file, readFileSync(file)).length < 4)
      .map((file) => `the members of ${relative(site.folder, file)} were not searched`),
  ];
}
