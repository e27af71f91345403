import { Release } from "@cdktf/provider-helm/lib/release";
import { type ITerraformDependable, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { AIRFLOW_CHART } from "../../settings/versions";
import { AIRFLOW_RELEASE } from "../../settings/object-names";
import { releaseDescription } from "../kubernetes/release-description";
import { contentRevision, interpolate } from "../terraform/expressions";
import type { AirflowValues } from "./values";

export interface AirflowReleaseProps {
  readonly namespace: string;
  readonly values: AirflowValues;
  /** Any other number upgrades the release, which puts right what was changed by hand. */
  readonly reapply: number;
  readonly dependsOn: ITerraformDependable[];
}

/** Airflow by the official chart (walkthrough, step 20). */
export class AirflowRelease extends Construct {
  readonly release: Release;
  /** Reference to a hash of the values: another one whenever the release is upgraded. */
  readonly revision: string;

  constructor(scope: Construct, id: string, props: AirflowReleaseProps) {
    super(scope, id);
    // JSON is YAML, and keeps strings such as "False" what they are.
    const values = JSON.stringify(props.values, undefined, 2);
    this.release = new Release(this, "Release", {
      name: AIRFLOW_RELEASE,
      namespace: props.namespace,
      repository: AIRFLOW_CHART.repository,
      chart: AIRFLOW_CHART.name,
      version: AIRFLOW_CHART.version,
      values: [values],
      description: releaseDescription(props.reapply),
      // A first install that failed is not in the state: without it the next one says that the name is in use (docs/facts.md#first-helm-install).
      upgradeInstall: true,
      // The values leave no hook and no job, so ready pods mean that everything is there.
      wait: true,
      waitForJobs: false,
      timeout: 1200,
      // A roll-back does not undo a migration of the database.
      atomic: false,
      cleanupOnFail: false,
      createNamespace: false,
      maxHistory: 5,
      dependsOn: props.dependsOn,
    });
    const local = new TerraformLocal(
      this,
      "Revision",
      interpolate(contentRevision(`${AIRFLOW_CHART.version}\n${values}\n${props.reapply}`)),
    );
    this.revision = interpolate(`local.${local.friendlyUniqueId}`);
  }
}
