import { join } from "node:path";
import { Release } from "@cdktf/provider-helm/lib/release";
import { DataKubernetesPersistentVolumeClaimV1 } from "@cdktf/provider-kubernetes/lib/data-kubernetes-persistent-volume-claim-v1";
import { StorageClassV1 } from "@cdktf/provider-kubernetes/lib/storage-class-v1";
import { AssetType, TerraformAsset, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import type { Settings } from "../../settings/schema";
import { interpolate } from "../terraform/expressions";
import { CLAIMS, CLAIMS_RELEASE } from "../../settings/object-names";
import { releaseDescription } from "./release-description";

export interface SharedStorageProps {
  readonly namespace: string;
  readonly storage: Settings["storage"];
  /** Any other number upgrades the release, which makes a claim that was deleted, without its data. */
  readonly reapply: number;
  /** Account that the shares are made in, and its resource group. */
  readonly accountName: string;
  readonly resourceGroupName: string;
  /** Whether the claims refuse to be destroyed. */
  readonly protect: boolean;
}

/** A claim of the chart. */
interface Claim {
  readonly id: keyof typeof CLAIMS;
  /** Setting with its size. */
  readonly setting: string;
  readonly gibibytes: number;
}

/**
 * Azure Files over NFS (walkthrough, step 9): the class, and the claims of the git cache and of Airflow's logs. The class
 * names account and private endpoint, so that the driver makes shares and nothing else (docs/facts.md#nfs-driver).
 *
 * The claims are a Helm release, whose uninstall leaves them, so that they go with the namespace. A claim that is destroyed by
 * itself waits 20 minutes, and in vain, for every pod that mounts it: ended task pods, a worker that ends its task, what a failed
 * install of Airflow left behind. A namespace ends its pods first.
 */
export class SharedStorage extends Construct {
  readonly release: Release;

  constructor(scope: Construct, id: string, props: SharedStorageProps) {
    super(scope, id);
    const { storage } = props;
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
    const claims: readonly Claim[] = [
      { id: "gitCache", setting: "storage.gitCacheGiB", gibibytes: storage.gitCacheGiB },
      { id: "logs", setting: "storage.logsGiB", gibibytes: storage.logsGiB },
    ];
    // An asset lies in the stack's folder, which a remote run takes along.
    const chart = new TerraformAsset(this, "Chart", {
      path: join(__dirname, "claims-chart"),
      type: AssetType.DIRECTORY,
    });
    this.release = new Release(this, "Claims", {
      name: CLAIMS_RELEASE,
      namespace: props.namespace,
      chart: `./${chart.path.replace(/\/$/, "")}`,
      values: [
        JSON.stringify(
          {
            className: storage.className,
            claims: claims.map(({ id: claim, gibibytes }) => ({ name: CLAIMS[claim], storage: `${gibibytes}Gi` })),
          },
          undefined,
          2,
        ),
      ],
      description: releaseDescription(props.reapply),
      upgradeInstall: true,
      // Claims that are there already: of a deployment that made them one by one, or of one that was interrupted.
      takeOwnership: true,
      // Ready means bound, so the share was made (the walkthrough's test claim). A class that is not ours may wait for a pod.
      wait: storage.createClass,
      timeout: 600,
      maxHistory: 5,
      dependsOn: storageClass ? [storageClass] : undefined,
      lifecycle: {
        preventDestroy: props.protect,
        precondition: claims.map((claim) => this.mayOnlyGrow(claim, props.namespace)),
      },
    });
    this.forgetSingleClaims();
  }

  /** A claim of its present size in the cluster, which is asked in the plan; one that is not there yet has none. */
  private mayOnlyGrow(
    { id, setting, gibibytes }: Claim,
    namespace: string,
  ): { readonly condition: string; readonly errorMessage: string } {
    const present = new DataKubernetesPersistentVolumeClaimV1(this, `Present-${id}`, {
      metadata: { name: CLAIMS[id], namespace },
    });
    const request = `data.${present.terraformResourceType}.${present.friendlyUniqueId}.spec[0].resources[0].requests["storage"]`;
    const size = `try(tonumber(trimsuffix(${request}, "Gi")), 0)`;
    return {
      condition: interpolate(`${size} <= ${gibibytes}`),
      errorMessage:
        `The setting ${setting} is ${gibibytes}, but the claim ${CLAIMS[id]} has \${${size}} GiB. ` +
        `A share may only grow: Kubernetes refuses a smaller one. Set it to \${${size}} or more.`,
    };
  }

  /** Earlier deployments have a resource for each claim: Terraform forgets it without destroying it, and the release takes the claim over. */
  private forgetSingleClaims(): void {
    const stack = TerraformStack.of(this);
    stack.addOverride(
      "removed",
      ["GitCache", "Logs"].map((name) => ({
        from: `kubernetes_persistent_volume_claim_v1.${stack.getLogicalId(new Construct(this, name).node)}`,
        lifecycle: { destroy: false },
      })),
    );
  }
}
