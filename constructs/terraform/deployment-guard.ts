import { type TerraformResource, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { ChangeMarker, KnownMarkers } from "./change-marker";
import { interpolate, literal } from "./expressions";
import { TerraformData } from "./terraform-data";

/** Something that must be true of a plan. */
export interface Requirement {
  /** Expression, true when the plan may go on. It must refer to an object: Terraform refuses to load a condition such as `false`. */
  readonly condition: string;
  readonly errorMessage: string;
  /**
   * Whether it is asked only of a plan over a deployment that has ended.
   * @default false
   */
  readonly onlyLater?: boolean;
}

/** Requirements in the form in which a resource's lifecycle takes them. */
export function asPreconditions(requirements: readonly Requirement[]) {
  return requirements.map(({ condition, errorMessage }) => ({ condition: interpolate(condition), errorMessage }));
}

/** A resource that holds data: no plan may replace it. */
export interface Kept {
  readonly resource: TerraformResource;
  /** What it is, as part of a sentence: "the PostgreSQL server". */
  readonly what: string;
  /** Settings whose change replaces it, by field. */
  readonly settings: readonly string[];
  /**
   * A setting that may replace it at once, `FIELD: VALUE`. It is refused in the first plan over a deployment that an older
   * version made, in which nothing tells yet whether the resource is replaced.
   */
  readonly refusedAtFirst?: string;
}

/** A value that changes on purpose only. */
export interface Deliberate {
  /** Letters' case makes no difference. */
  readonly value: string;
  /** Environment variable that overrides the setting. */
  readonly variable: string;
}

/** Names that what holds data is called after, recorded together. */
export interface RecordedNames {
  /** Their section of the settings. */
  readonly section: string;
  /** By their settings. */
  readonly values: Readonly<Record<string, string>>;
  /** What a deployment had that is older than the record. */
  readonly beforeRecord: Readonly<Record<string, string>>;
}

/** A number that may only be raised. */
export interface Growing {
  readonly value: number;
  /** What a deployment had whose record is older than the setting. Unset: nobody knows, and any value passes. */
  readonly beforeRecord?: number;
}

export interface DeploymentGuardProps {
  /** Values that make the environment what it is, by their setting's name: recorded at the first deployment. */
  readonly identity?: Readonly<Record<string, string>>;
  /** Settings that a variable of another environment must not change: each has a record of its own, which a person removes on purpose. */
  readonly deliberate?: Readonly<Record<string, Deliberate>>;
  /** The record is one that a person removes on purpose, while nothing is called after the names yet. */
  readonly names?: RecordedNames;
  /**
   * Numbers that may only be raised, by their setting's name. The first deployment's is recorded, and a lower one refused;
   * what was raised since is told by the resource that a lower number would replace, which belongs into `kept`.
   */
  readonly growing?: Readonly<Record<string, Growing>>;
  /** What may be switched on and never off again, by its setting's name. */
  readonly switchedOn?: Readonly<Record<string, boolean>>;
  /** Resources that no plan may replace, by a short name. */
  readonly kept?: Readonly<Record<string, Kept>>;
  readonly requirements?: readonly Requirement[];
  /** What the synth knows already to be missing: with each of these messages every plan is refused. */
  readonly refusals?: readonly string[];
}

/** Of the record. The records before it, without the key, come from versions that did not mark what is kept. */
const RECORD_FORMAT = "2";

/** In the record, that a section has one of its own. */
const RECORDED_APART = "recorded apart";

/**
 * Refuses a plan that would lead to harm: a forgotten variable that would replace a database, a placeholder, a missing
 * token. Preconditions fail the plan as a whole and are not asked when destroying.
 */
export class DeploymentGuard extends Construct {
  constructor(scope: Construct, id: string, props: DeploymentGuardProps) {
    super(scope, id);
    const {
      identity = {},
      deliberate = {},
      names,
      growing = {},
      switchedOn = {},
      kept = {},
      requirements = [],
      refusals = [],
    } = props;
    const numbers = Object.fromEntries(Object.entries(growing).map(([setting, { value }]) => [setting, value]));
    const recordedInput = { ...identity, ...asText(numbers), ...asText(switchedOn) };
    const apart = names === undefined ? {} : { [names.section]: RECORDED_APART };
    const record = new TerraformData(this, "Identity", {
      input: { ...recordedInput, ...apart, format: RECORD_FORMAT },
      lifecycle: { ignoreChanges: ["input"] },
    });
    const preconditions = [
      ...recorded(record, recordedInput, { identity, growing }),
      ...Object.entries(deliberate).map(([setting, given]) => this.onPurpose(setting, given)),
      ...(names === undefined ? [] : this.named(record, names)),
      ...this.marked(record, switchedOn, kept, requirements),
      // The record always has an input, so that this is false, and Terraform sees a reference.
      ...refusals.map((errorMessage) => ({ condition: `${record.address}.input == null`, errorMessage })),
    ];
    new TerraformData(this, "Guard", {
      lifecycle: { precondition: asPreconditions(preconditions) },
    });
  }

  /** Compares with what the first deployment recorded, or the first one after the record was removed. */
  private onPurpose(setting: string, { value, variable }: Deliberate): Requirement {
    const record = new TerraformData(this, `Recorded-${setting}`, {
      input: value,
      lifecycle: { ignoreChanges: ["input"] },
    });
    return {
      condition: `lower(${record.address}.input) == ${literal(value.toLowerCase())}`,
      errorMessage:
        `The setting ${setting} (${variable}) is ${literal(value)}, but this environment was deployed with \${${record.address}.input}. ` +
        `Is ${variable} left over from another environment? Set it (or the settings file) back. ` +
        `If it is meant, run this and deploy again:\n${this.terraform("state rm", record.address)}`,
    };
  }

  /** Compares with what the first deployment recorded, or with what every deployment had before there was the record. */
  private named(identity: TerraformData, { section, values, beforeRecord }: RecordedNames): readonly Requirement[] {
    const record = new TerraformData(this, `Recorded-${section}`, {
      input: values,
      lifecycle: { ignoreChanges: ["input"] },
    });
    const older = `lookup(${identity.outputExpression}, ${literal(section)}, "") == ""`;
    return Object.entries(values).map(([setting, value]) => {
      const recorded = `(${older} ? ${literal(beforeRecord[setting] ?? "")} : ${record.address}.input[${literal(setting)}])`;
      const wayOut =
        "If publish-model has refused the model, so that nothing was made of it yet, run this and deploy again:\n" +
        this.terraform("state rm", record.address);
      return {
        condition: `${recorded} == ${literal(value)}`,
        errorMessage:
          `The setting ${setting} is ${literal(value)}, but this environment was deployed with \${${recorded}}. ` +
          "Database, tables, secrets and DAGs are called after the model's names: with other ones, what they hold is lost to the model. Set it back, and the name in the model, too. " +
          `\${${older} ? "Another model gets an environment of its own." : ${literal(wayOut)}}`,
      };
    });
  }

  /** Compares with what the last deployment left behind. */
  private marked(
    record: TerraformData,
    switchedOn: Readonly<Record<string, boolean>>,
    kept: Readonly<Record<string, Kept>>,
    requirements: readonly Requirement[],
  ): readonly Requirement[] {
    const markers = new Map<string, ChangeMarker>();
    Object.entries(switchedOn).forEach(([setting, on]) =>
      markers.set(setting, new ChangeMarker(this, `Switched-${setting}`, { value: String(on) })),
    );
    Object.entries(kept).forEach(([name, { resource }]) =>
      markers.set(name, new ChangeMarker(this, `Kept-${name}`, { resources: [addressOf(resource)] })),
    );
    const [name] = markers.keys();
    if (name === undefined) {
      return requirements;
    }
    const known = new KnownMarkers(this, "Known", { names: [...markers.keys()], markers: [...markers.values()] });
    const ended = known.knew(name);
    const unchanged = (marker: string): string =>
      `!(${known.knew(marker)} && ${markers.get(marker)?.changes ?? "false"})`;
    return [
      ...Object.entries(switchedOn)
        .filter(([, on]) => !on)
        .map(([setting]) => ({
          condition: `lookup(${record.outputExpression}, ${literal(setting)}, "false") != "true" && ${unchanged(setting)}`,
          errorMessage: `The setting ${setting} is "false", but this environment has been deployed with "true". Azure does not let it be switched off again. Set it back to true.`,
        })),
      ...Object.entries(kept).flatMap(([marker, { what, refusedAtFirst }]) =>
        refusedAtFirst === undefined
          ? []
          : [
              {
                condition: `${known.knew(marker)} || lookup(${record.address}.input, "format", "1") == ${literal(RECORD_FORMAT)}`,
                errorMessage: `The setting ${refusedAtFirst} may replace ${what}, and this environment was deployed by a version that cannot tell. Deploy once without it, then with it.`,
              },
            ],
      ),
      ...Object.entries(kept).map(([marker, { resource, what, settings }]) => ({
        condition: unchanged(marker),
        errorMessage:
          `This plan would replace ${what} (${addressOf(resource)}) with everything in it; it says above what "forces replacement". ` +
          (settings.length > 0 ? `Changes of ${settings.join(", ")} do so: set the setting back. ` : "") +
          `If it says "is tainted", run this and deploy again:\n${this.terraform("untaint", addressOf(resource))}\n` +
          `If it is meant, and what it holds is saved elsewhere, run this and deploy again:\n${this.terraform("state rm", known.addressOf(marker))}`,
      })),
      ...requirements.map((requirement) =>
        requirement.onlyLater ? { ...requirement, condition: `!(${ended}) || ${requirement.condition}` } : requirement,
      ),
    ];
  }

  /**
   * A line with a Terraform command for this stack, as a person types it in the project's folder. Terraform breaks lines that do not
   * begin with a space, and cdktf writes the construct's path behind an address that it finds whole.
   */
  private terraform(command: string, address: string): string {
    const [type, ...name] = address.split(".");
    return `  terraform -chdir=cdktf.out/stacks/${TerraformStack.of(this).node.id} ${command} ${type}.'${name.join(".")}'`;
  }
}

/** Compares with what the first deployment recorded. */
function recorded(
  record: TerraformData,
  input: Readonly<Record<string, string>>,
  { identity, growing }: Required<Pick<DeploymentGuardProps, "identity" | "growing">>,
): readonly Requirement[] {
  // A setting that the record lacks, as it was made before the setting was recorded, passes where nothing else is known.
  const before = (setting: string): string =>
    `lookup(${record.outputExpression}, ${literal(setting)}, ${literal(String(growing[setting]?.beforeRecord ?? input[setting] ?? ""))})`;
  const deployedWith = (setting: string): string =>
    `The setting ${setting} is ${literal(input[setting] ?? "")}, but this environment was deployed with \${${before(setting)}}. `;
  return [
    ...Object.entries(identity).map(([setting, value]) => ({
      condition: `${before(setting)} == ${literal(value)}`,
      errorMessage:
        deployedWith(setting) +
        `It cannot be changed on a running environment: that would replace what holds data, or fail half-way. ` +
        `Forgotten a variable? Set it (or the settings file) back. ` +
        `Meant? Set it back, destroy the environment with everything in it, then deploy with the new value.`,
    })),
    ...Object.entries(growing).map(([setting, { value }]) => ({
      condition: `tonumber(${before(setting)}) <= ${value}`,
      errorMessage: `${deployedWith(setting)}It may only be raised: a lower value would replace what holds data. Set it back, or to a higher value.`,
    })),
  ];
}

function addressOf(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}

function asText(values: Readonly<Record<string, number | boolean>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
