import { DataTerraformRemoteState, TerraformBackend, type TerraformRemoteState } from "cdktf";
import type { Construct } from "constructs";

export interface CloudBackendProps {
  readonly hostname: string;
  readonly organization: string;
  /** Name of the workspace of a stack. */
  readonly workspaceOf: (stackId: string) => string;
}

/**
 * Terraform Cloud's `cloud` block. CDKTF's class for it runs `terraform version` during a synth, which is to need Node only.
 */
export class CloudBackend extends TerraformBackend {
  constructor(
    scope: Construct,
    private readonly props: CloudBackendProps,
  ) {
    super(scope, "backend", "cloud");
  }

  override toTerraform(): unknown {
    const { hostname, organization, workspaceOf } = this.props;
    return {
      terraform: { cloud: { hostname, organization, workspaces: { name: workspaceOf(this.cdktfStack.node.id) } } },
    };
  }

  override getRemoteStateDataSource(scope: Construct, name: string, fromStack: string): TerraformRemoteState {
    const { hostname, organization, workspaceOf } = this.props;
    return new DataTerraformRemoteState(scope, name, {
      hostname,
      organization,
      workspaces: { name: workspaceOf(fromStack) },
    });
  }

  override toMetadata(): unknown {
    return {
      ...(super.toMetadata() as object),
      cloud: this.props.hostname.startsWith("app.terraform.io") ? "tfc" : "tfe",
    };
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return {};
  }

  protected override synthesizeHclAttributes(): Record<string, unknown> {
    return {};
  }
}
