import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { Construct } from "constructs";

/** Address of Azure's instance metadata service: a pod that reaches it gets tokens of the node's identity. */
const INSTANCE_METADATA = "169.254.169.254/32";

/**
 * The namespace's policy, as DataSurface's generator names it, repaired: under Cilium an address range never stands for
 * pods, so the generator's ranges alone would cut Airflow off from pgbouncer and Redis. Pods talk to each other; nobody
 * else comes in (a port-forward comes from the node, which is always let in); out goes everything but the node's metadata.
 */
export class NamespaceNetworkPolicy extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { namespace, name }: { readonly namespace: string; readonly name: string },
  ) {
    super(scope, id);
    const samePods = { podSelector: {} };
    new NetworkPolicyV1(this, "Policy", {
      metadata: { name, namespace },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [samePods] }],
        egress: [
          { to: [samePods] },
          {
            to: [
              {
                namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
                podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
              },
            ],
            ports: [
              { port: "53", protocol: "UDP" },
              { port: "53", protocol: "TCP" },
            ],
          },
          { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: [INSTANCE_METADATA] } }] },
        ],
      },
    });
  }
}
