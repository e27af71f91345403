import type { Construct } from "constructs";
import type { Environment } from "../settings/load";
import { ClusterConfigStack } from "./cluster-config-stack";
import { InfraStack } from "./infra-stack";

/** The three stacks of an environment, each after the one before it. */
export function addEnvironmentStacks(scope: Construct, environment: Environment) {
  const infra = new InfraStack(scope, environment);
  const clusterConfig = new ClusterConfigStack(scope, { environment, infra });
  return { infra, clusterConfig };
}
