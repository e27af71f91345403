import { DefaultServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/default-service-account-v1";
import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { Construct } from "constructs";
import {
  AIRFLOW_SERVICE_ACCOUNTS,
  WORKLOAD_IDENTITY_CLIENT_ANNOTATION,
  WORKLOAD_IDENTITY_LABEL,
} from "../../settings/object-names";
import { SECRETS } from "../../settings/secret-names";

export interface ServiceAccountsProps {
  readonly namespace: string;
  /** Client id of the managed identity that Airflow's pods act as. */
  readonly identityClientId: string;
  /** Secrets that DAGs read from the Kubernetes API while they are imported. */
  readonly readableSecrets: readonly string[];
}

/** The components that import DAGs and have a token of the Kubernetes API. */
export const DAG_IMPORTERS = [
  AIRFLOW_SERVICE_ACCOUNTS.worker,
  AIRFLOW_SERVICE_ACCOUNTS.dagProcessor,
  AIRFLOW_SERVICE_ACCOUNTS.triggerer,
] as const;

/**
 * Service accounts of Airflow's components (walkthrough, steps 18, 21 and 22), made before Airflow: an annotation that comes
 * later has no effect on pods that run already.
 */
export class ServiceAccounts extends Construct {
  constructor(scope: Construct, id: string, props: ServiceAccountsProps) {
    super(scope, id);
    const { namespace } = props;
    const imagePullSecret = [{ name: SECRETS.registry.name }];
    for (const [component, name] of Object.entries(AIRFLOW_SERVICE_ACCOUNTS)) {
      new ServiceAccountV1(this, component, {
        metadata: {
          name,
          namespace,
          labels: { ...WORKLOAD_IDENTITY_LABEL },
          annotations: { [WORKLOAD_IDENTITY_CLIENT_ANNOTATION]: props.identityClientId },
        },
        imagePullSecret,
      });
    }
    // The vendor's job, MCP and KubernetesPodOperator pods name no service account. None of them talks to the Kubernetes API.
    new DefaultServiceAccountV1(this, "default", {
      metadata: { namespace },
      imagePullSecret,
      automountServiceAccountToken: false,
    });

    if (props.readableSecrets.length === 0) {
      return;
    }
    const role = new RoleV1(this, "SecretReader", {
      metadata: { name: "airflow-secret-reader", namespace },
      rule: [{ apiGroups: [""], resources: ["secrets"], resourceNames: [...props.readableSecrets], verbs: ["get"] }],
    });
    new RoleBindingV1(this, "SecretReaderBinding", {
      metadata: { name: "airflow-secret-reader-binding", namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
      subject: DAG_IMPORTERS.map((name) => ({ kind: "ServiceAccount", name, namespace, apiGroup: "" })),
    });
  }
}
