import { PersistentVolumeClaimV1 } from "@cdktf/provider-kubernetes/lib/persistent-volume-claim-v1";
import { StorageClassV1 } from "@cdktf/provider-kubernetes/lib/storage-class-v1";
import { Construct } from "constructs";
import type { Settings } from "../../settings/schema";
import { CLAIMS } from "./object-names";

export interface SharedStorageProps {
  readonly namespace: string;
  readonly storage: Settings["storage"];
  /** Account that the shares are made in, and its resource group. */
  readonly accountName: string;
  readonly resourceGroupName: string;
  /**
   * Whether the claims refuse to be destroyed.
   * @default false
   */
  readonly protect?: boolean;
}

/**
 * Azure Files over NFS (walkthrough, step 9): the class, and the claims of the git cache and of Airflow's logs. The class
 * names account and private endpoint, so that the driver makes shares and nothing else (docs/facts.md#nfs-driver).
 */
export class SharedStorage extends Construct {
  readonly gitCache: PersistentVolumeClaimV1;
  readonly logs: PersistentVolumeClaimV1;

  constructor(scope: Construct, id: string, props: SharedStorageProps) {
    super(scope, id);
    const { storage } = props;
    const protect = props.protect ?? false;
    const storageClass = storage.createClass
      ? new StorageClassV1(this, "Class", {
          metadata: { name: storage.className },
          storageProvisioner: "file.csi.azure.com",
          // A share outlives its claim, so that no slip in Kubernetes deletes it. It goes with the storage account.
          reclaimPolicy: "Retain",
          volumeBindingMode: "Immediate",
          allowVolumeExpansion: true,
          parameters: {
            protocol: "nfs",
            skuName: "Premium_LRS",
            storageAccount: props.accountName,
            resourceGroup: props.resourceGroupName,
            networkEndpointType: "privateEndpoint",
            encryptInTransit: "true",
          },
          // No nconnect: the TLS tunnel of encryptInTransit is one connection.
          mountOptions: ["noresvport", "actimeo=30"],
        })
      : undefined;
    const claim = (claimId: string, name: string, gibibytes: number): PersistentVolumeClaimV1 =>
      new PersistentVolumeClaimV1(this, claimId, {
        metadata: { name, namespace: props.namespace },
        spec: {
          // Pods on several nodes share it: with ReadWriteOnce the second one waits for ever (Multi-Attach error).
          accessModes: ["ReadWriteMany"],
          storageClassName: storage.className,
          resources: { requests: { storage: `${gibibytes}Gi` } },
        },
        // Bound means that the share was made (the walkthrough's test claim). A class that is not ours may wait for a pod.
        waitUntilBound: storage.createClass,
        timeouts: { create: "10m" },
        dependsOn: storageClass ? [storageClass] : undefined,
        lifecycle: { preventDestroy: protect },
      });
    this.gitCache = claim("GitCache", CLAIMS.gitCache, storage.gitCacheGiB);
    this.logs = claim("Logs", CLAIMS.logs, storage.logsGiB);
  }
}
