import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { interpolate, literal } from "./expressions";
import { TerraformData } from "./terraform-data";

/** What makes a new marker of an old one. */
export interface ChangeMarkerProps {
  /** A value: another one replaces the marker. */
  readonly value?: string;
  /** Addresses of resources: the plan that replaces one replaces the marker. */
  readonly resources?: readonly string[];
  /** What is there before the marker is made. */
  readonly dependsOn?: ITerraformDependable[];
}

/**
 * Tells in the plan whether something changes, which Terraform's expressions cannot: they see what is planned and not what
 * was before. The marker keeps the time of the plan that made it. In that plan the kept time is the plan's own, in every
 * later one it is older, and both are known before anything is done.
 */
export class ChangeMarker extends TerraformData {
  constructor(scope: Construct, id: string, { value, resources, dependsOn }: ChangeMarkerProps) {
    super(scope, id, {
      input: interpolate("plantimestamp()"),
      triggersReplace: value,
      dependsOn,
      lifecycle: {
        ignoreChanges: ["input"],
        // An id is unknown in a plan that replaces its resource. One that is only made again, after a loss, is no reason.
        replaceTriggeredBy: resources?.map((address) => `${address}.id`),
      },
    });
  }

  /** Expression, true in the plan that makes the marker, for the first time or anew. */
  get changes(): string {
    return `${this.address}.input == plantimestamp()`;
  }

  /**
   * Expression of a condition that waits for the marker: a plan that makes it leaves the condition to the apply
   * (docs/facts.md#ephemeral-values-in-conditions).
   */
  onceMade(condition: string): string {
    // The id of what a plan makes is unknown there.
    return `(${this.changes} ? ${this.address}.id : "made before") == "" ? false : ${condition}`;
  }
}

/**
 * Remembers which markers there were in an earlier deployment: a marker is new in the first deployment, too, where nothing
 * changes yet. It is made after all of them.
 */
export class KnownMarkers extends TerraformData {
  constructor(
    scope: Construct,
    id: string,
    props: { readonly names: readonly string[]; readonly markers: ITerraformDependable[] },
  ) {
    super(scope, id, {
      input: interpolate("plantimestamp()"),
      dependsOn: props.markers,
      lifecycle: { ignoreChanges: ["input"] },
    });
    this.addOverride("for_each", interpolate(`toset([${props.names.map(literal).join(", ")}])`));
  }

  /** Expression, true when an earlier deployment had the marker. With -refresh-only, nothing stands for one that is not there yet. */
  knew(name: string): string {
    return `try(${this.addressOf(name)}.input, plantimestamp()) != plantimestamp()`;
  }

  /** Address of what is remembered of one marker. */
  addressOf(name: string): string {
    return `${this.address}[${literal(name)}]`;
  }
}
