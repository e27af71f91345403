import type { Construct } from "constructs";
import type { Payload } from "../bootstrap/payload";
import type { Environment } from "../settings/load";
import { ClusterConfigStack } from "./cluster-config-stack";
import { InfraStack } from "./infra-stack";
import { WorkloadStack } from "./workload-stack";

/** The three stacks of an environment, each after the one before it. */
export function addEnvironmentStacks(scope: Construct, environment: Environment, payload: Payload) {
  const infra = new InfraStack(scope, { environment });
  const clusterConfig = new ClusterConfigStack(scope, { environment, infra });
  const workload = new WorkloadStack(scope, { environment, infra, clusterConfig, payload });
  return { infra, clusterConfig, workload };
}
