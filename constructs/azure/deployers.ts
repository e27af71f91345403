import { RoleAssignment, type RoleAssignmentConfig } from "@cdktf/provider-azurerm/lib/role-assignment";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Principal } from "../../settings/principals";
import { KnownMarkers } from "../terraform/change-marker";
import type { Requirement } from "../terraform/deployment-guard";
import { interpolate, literal } from "../terraform/expressions";
import { TerraformData } from "../terraform/terraform-data";

/** Someone who may deploy. */
export interface Deployer {
  readonly principalId: string;
  readonly principalType?: string;
  /** Expression: whether the roles are assigned under this name. */
  readonly assigned: string;
}

export interface DeployerRoleProps extends Pick<RoleAssignmentConfig, "scope" | "roleDefinitionName"> {
  readonly deployer: Deployer;
}

/** A role of someone who may deploy. */
export class DeployerRole extends RoleAssignment {
  constructor(scope: Construct, id: string, { deployer, ...config }: DeployerRoleProps) {
    super(scope, id, {
      ...config,
      principalId: deployer.principalId,
      principalType: deployer.principalType,
      // Azure fills it in. A type that the settings say later would replace the assignment that is in use.
      lifecycle: { ignoreChanges: ["principal_type"] },
    });
    this.addOverride("count", interpolate(`${deployer.assigned} ? 1 : 0`));
  }
}

export interface DeployersProps {
  /** Those whom the settings list. */
  readonly listed: readonly Principal[];
  /** Object id of the present deployer. */
  readonly currentObjectId: string;
}

/** Name among what is known: an earlier deployment remembered whom it listed. */
const REMEMBERED = "list";

/**
 * Who may write secrets and administer the cluster: those whom the settings list, and the first deployer without a list.
 * That one is recorded and keeps its roles, also under a list that names it again: Azure refuses a second assignment of the same
 * role, and a change of the list in the settings must not take the roles away from the person who deploys it.
 */
export class Deployers extends Construct {
  /** By the id of their assignments. */
  readonly all: Readonly<Record<string, Deployer>>;
  /** Expression of the first deployer's object id; empty where there was a list from the start. */
  private readonly first: string;
  /** Expression: whether this plan makes the record. */
  private readonly recordedNow: string;
  /** Expression: whether there is no record, which only a plan with -refresh-only lets be. */
  private readonly recordMissing: string;
  private readonly listed: readonly string[];

  constructor(scope: Construct, id: string, { listed, currentObjectId }: DeployersProps) {
    super(scope, id);
    const record = new TerraformData(this, "First", {
      input: { objectId: listed.length > 0 ? "" : currentObjectId, made: interpolate("plantimestamp()") },
      lifecycle: { ignoreChanges: ["input"] },
    });
    record.overrideLogicalId("FirstDeployer");
    // The count of the assignments must be known where nothing is made and the record is not there yet: with -refresh-only, Terraform
    // knows no value of a missing object, and knows that a counted one has no element.
    record.addOverride("count", 1);
    // The input, as a plan does not know the output of the object that it makes.
    const recorded = (key: string): string => `try(${record.address}[0].input.${key}, "")`;
    this.first = recorded("objectId");
    this.recordedNow = `${recorded("made")} == plantimestamp()`;
    this.recordMissing = `length(${record.address}) == 0`;
    this.listed = listed.map(({ objectId }) => objectId);
    this.all = {
      FirstDeployer: { principalId: interpolate(this.first), assigned: `${this.first} != ""` },
      ...Object.fromEntries(
        listed.map(({ objectId, type }) => [
          objectId,
          { principalId: objectId, principalType: type, assigned: `lower(${this.first}) != ${literal(objectId)}` },
        ]),
      ),
    };
  }

  /**
   * What must be true of the list: somebody stays who could deploy until now.
   * @param assignments - all of the deployers' assignments, or what depends on them
   */
  requirements(assignments: ITerraformDependable[]): readonly Requirement[] {
    const someoneFirst = `${this.first} != ""`;
    if (this.listed.length === 0) {
      const errorMessage =
        "The setting access.deployers is empty, and nobody is recorded who deployed first without a list: those who may deploy now would lose the vault. " +
        "List who may deploy. `az ad signed-in-user show --query id` prints your own object id.";
      return [
        { condition: `${this.recordMissing} || ${someoneFirst}`, errorMessage },
        { condition: `!(${this.recordedNow})`, errorMessage, onlyLater: true },
      ];
    }
    const known = new KnownMarkers(this, "Known", { names: [REMEMBERED, ...this.listed], markers: assignments });
    return [
      {
        condition: `${someoneFirst} || !(${known.knew(REMEMBERED)}) || anytrue([${this.listed.map((one) => known.knew(one)).join(", ")}])`,
        errorMessage:
          "The setting access.deployers keeps nobody of those who could deploy until now: if the new ones cannot, nobody can any more. " +
          "Keep an earlier entry beside the new ones and deploy. Then let a new one take the earlier out and deploy.",
      },
    ];
  }
}
