import { LogAnalyticsWorkspace } from "@cdktf/provider-azurerm/lib/log-analytics-workspace";
import { MonitorDiagnosticSetting } from "@cdktf/provider-azurerm/lib/monitor-diagnostic-setting";
import { Construct } from "constructs";
import type { Placement } from "./placement";

/** A resource whose logs are kept, by the id of its setting. */
export interface LogSource {
  readonly targetResourceId: string;
  /** Log categories of the resource type (Azure Monitor, "Supported resource log categories"). */
  readonly categories: readonly string[];
}

export interface MonitoringProps {
  readonly placement: Placement;
  readonly name: string;
  readonly retentionDays: number;
  readonly sources: Readonly<Record<string, LogSource>>;
}

/** Log Analytics workspace with the audit logs. Diagnostic settings hang it on beside the resources, so nothing waits for it. */
export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { placement } = props;
    const workspace = new LogAnalyticsWorkspace(this, "Workspace", {
      name: props.name,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
      sku: "PerGB2018",
      retentionInDays: props.retentionDays,
      // The workspace's keys are in the state whatever one does; with this off they open nothing.
      localAuthenticationEnabled: false,
    });
    for (const [source, { targetResourceId, categories }] of Object.entries(props.sources)) {
      new MonitorDiagnosticSetting(this, source, {
        name: "audit",
        targetResourceId,
        logAnalyticsWorkspaceId: workspace.id,
        enabledLog: categories.map((category) => ({ category })),
      });
    }
  }
}
