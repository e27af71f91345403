import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { ServiceV1 } from "@cdktf/provider-kubernetes/lib/service-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { JobVariable } from "../../datasurface/commands";
import { type DataSurfaceNames, MCP_PORT } from "../../datasurface/names";
import type { ContainerResources } from "../../settings/container-resources";
import { SECRETS } from "../../settings/secret-names";
import { containerEnvironment } from "./bootstrap-job";
import { SECRETS_REVISION_ANNOTATION } from "../../settings/object-names";
import { podText } from "./pod-text";
import { quantities } from "./quantities";

export interface McpServerProps {
  readonly namespace: string;
  readonly names: Pick<DataSurfaceNames, "mcpDeployment" | "mcpService">;
  readonly containerName: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, JobVariable>>;
  readonly resources: ContainerResources;
  readonly gitCacheClaim: string;
  readonly gitCachePath: string;
  /** Changes when the token does, or the model: the pod starts anew. */
  readonly revision: string;
  readonly dependsOn: ITerraformDependable[];
}

/**
 * DataSurface's MCP server, as its generator emits it (docs/facts.md#generated-objects), with probes, and with a Service that
 * is reached inside of the cluster only: the generator's NodePort opens it on every node.
 */
export class McpServer extends Construct {
  readonly deployment: DeploymentV1;

  constructor(scope: Construct, id: string, props: McpServerProps) {
    super(scope, id);
    const { namespace } = props;
    const { mcpDeployment: name, mcpService } = props.names;
    const labels = { app: name, component: "mcp" };
    const probe = { tcpSocket: [{ port: String(MCP_PORT) }] };
    this.deployment = new DeploymentV1(this, "Deployment", {
      metadata: { name, namespace, labels },
      spec: {
        replicas: "1",
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels, annotations: { [SECRETS_REVISION_ANNOTATION]: props.revision } },
          spec: {
            serviceAccountName: "default",
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            imagePullSecrets: [{ name: SECRETS.registry.name }],
            securityContext: { seccompProfile: { type: "RuntimeDefault" } },
            container: [
              {
                name: props.containerName,
                image: props.image,
                imagePullPolicy: "IfNotPresent",
                command: props.command.map(podText),
                args: props.args.map(podText),
                env: containerEnvironment(props.env),
                port: [{ name: "mcp", containerPort: MCP_PORT }],
                resources: quantities(props.resources),
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                // It clones the model before it listens: five minutes, then it is started again.
                startupProbe: { ...probe, periodSeconds: 10, failureThreshold: 30 },
                readinessProbe: { ...probe, periodSeconds: 10 },
                livenessProbe: { ...probe, periodSeconds: 20, failureThreshold: 6 },
                volumeMount: [{ name: "git-model-cache", mountPath: props.gitCachePath }],
              },
            ],
            volume: [{ name: "git-model-cache", persistentVolumeClaim: { claimName: props.gitCacheClaim } }],
          },
        },
      },
      waitForRollout: true,
      timeouts: { create: "15m", update: "15m" },
      dependsOn: props.dependsOn,
    });
    new ServiceV1(this, "Service", {
      metadata: { name: mcpService, namespace, labels: { app: name } },
      spec: {
        type: "ClusterIP",
        selector: { app: name },
        port: [{ name: "mcp", port: MCP_PORT, targetPort: "mcp" }],
      },
    });
  }
}
