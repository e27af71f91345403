import { type Chain, criticalPath, longestChain, type StackTiming, type Step, stepsOf } from "./critical-path";
import type { JournalEntry, Stack, State } from "./records";

/** A thing that takes time, on the axis: seconds on Azure since the deployment's start. */
export interface Bar {
  readonly stack: string;
  readonly resource: string;
  readonly start: number;
  readonly end: number;
}

/** A whole deployment, on the axis. */
export interface Timeline {
  readonly bars: readonly Bar[];
  /** Seconds from the first start to the last end. */
  readonly seconds: number;
  /** Seconds of everything, one after the other. */
  readonly sum: number;
  /** The bars that the length is made of: `STACK: RESOURCE`. */
  readonly critical: readonly string[];
  /** Whether the times were measured (REHEARSAL_TIME_SCALE) or follow from the graph and the estimates. */
  readonly measured: boolean;
}

export interface TimelineProps {
  readonly stacks: readonly Stack[];
  readonly states: readonly State[];
  readonly timings: readonly StackTiming[];
  readonly journal: readonly JournalEntry[];
  /** REHEARSAL_TIME_SCALE of a run that was measured. */
  readonly scale?: number;
}

/** @returns where every resource lies: as measured when a scale is given, otherwise as early as its dependencies allow */
export function timelineOf(props: TimelineProps): Timeline {
  const { stacks, timings, states, scale } = props;
  const critical = criticalPath(stacks, timings).steps.map(({ name }) => name);
  const sum = timings.reduce((total, timing) => total + timing.sum, 0);
  const planned = plannedBars(stacks, states, props.journal, timings);
  const bars = (scale === undefined ? planned : measuredBars(props, planned, scale)).filter(
    ({ start, end }) => end > start,
  );
  return {
    bars,
    seconds: bars.reduce((last, { end }) => Math.max(last, end), 0),
    sum,
    critical,
    measured: scale !== undefined,
  };
}

function plannedBars(
  stacks: readonly Stack[],
  states: readonly State[],
  journal: readonly JournalEntry[],
  timings: readonly StackTiming[],
): readonly Bar[] {
  const endOf = new Map<string, number>();
  return stacks.flatMap(({ name, dependencies }) => {
    const start = Math.max(0, ...dependencies.map((before) => endOf.get(before) ?? 0));
    endOf.set(name, start + (timings.find(({ stack }) => stack === name)?.chain.seconds ?? 0));
    const state = states.find(({ stack }) => stack === name);
    return state
      ? scheduled(stepsOf(state, journal)).map((bar) => ({
          ...bar,
          stack: name,
          start: start + bar.start,
          end: start + bar.end,
        }))
      : [];
  });
}

function scheduled(steps: readonly Step[]): readonly Omit<Bar, "stack">[] {
  const known = new Map(steps.map((step) => [step.name, step]));
  const ends = new Map<string, number>();
  const endOf = (name: string): number => {
    const step = known.get(name);
    const end = ends.get(name) ?? (step ? Math.max(0, ...step.after.map(endOf)) + step.seconds : 0);
    ends.set(name, end);
    return end;
  };
  return steps.map(({ name, seconds }) => ({ resource: name, start: endOf(name) - seconds, end: endOf(name) }));
}

/**
 * The journal's own times, drawn out to Azure's. What takes no time on Azure is left out, and so is the time in which nothing
 * was under way: it is Terraform's and cdktf's own, which would be drawn out to many minutes.
 */
function measuredBars({ states, journal }: TimelineProps, planned: readonly Bar[], scale: number): readonly Bar[] {
  const created = new Map(
    journal
      .filter(({ action, error }) => action === "create" && error === undefined)
      .map((entry) => [`${entry.type} ${entry.id}`, entry]),
  );
  const measured = states.flatMap(({ stack, instances }) =>
    instances.flatMap(({ mode, type, resource, attributes }): Bar[] => {
      const entry = mode === "managed" ? created.get(`${type} ${String(attributes.id)}`) : undefined;
      const takes = planned.some((bar) => bar.stack === stack && bar.resource === resource && bar.end > bar.start);
      return entry && takes
        ? [{ stack, resource, start: Date.parse(entry.started), end: Date.parse(entry.ended) }]
        : [];
    }),
  );
  const idleBefore = idleTime(measured);
  const at = (time: number): number => (time - idleBefore(time)) / 1000 / scale;
  return measured.map((bar) => ({ ...bar, start: at(bar.start), end: at(bar.end) }));
}

/** How long nothing was under way before a time; everything before the first start counts. */
function idleTime(bars: readonly Bar[]): (time: number) => number {
  const gaps: { readonly end: number; readonly length: number }[] = [];
  let busyUntil = 0;
  for (const { start, end } of [...bars].sort((a, b) => a.start - b.start)) {
    if (start > busyUntil) {
      gaps.push({ end: start, length: start - busyUntil });
    }
    busyUntil = Math.max(busyUntil, end);
  }
  return (time) => gaps.reduce((sum, gap) => (gap.end <= time ? sum + gap.length : sum), 0);
}

/** That one thing has to wait for another, whatever the code says, and why. */
export interface UnavoidableEdge {
  /** What is waited for, and what waits: matched against `STACK-ROLE: TYPE.ID`. */
  readonly before: RegExp;
  readonly after: RegExp;
  readonly reason: string;
}

/**
 * Kept by hand and apart from the code: an edge that somebody adds to the graph makes a deployment longer than the chain of
 * these, and the rehearsal says so. The three stacks are one behind the other in the graph, and only for these reasons here.
 */
export const UNAVOIDABLE: readonly UnavoidableEdge[] = [
  {
    before: /^infra: azurerm_resource_group\./,
    after: /^infra: azurerm_(?!resource_group\.)/,
    reason: "Azure makes nothing in a group that is not there",
  },
  {
    before: /^infra: azurerm_virtual_network\./,
    after: /^infra: azurerm_(subnet\.|private_dns_zone_virtual_network_link\.)/,
    reason: "they are parts of the network",
  },
  {
    before: /^infra: azurerm_subnet\.Network_ClusterSubnet/,
    after: /^infra: azurerm_kubernetes_cluster\./,
    reason: "the nodes get addresses of the subnet",
  },
  {
    before: /^infra: azurerm_role_assignment\.Cluster_NetworkContributor/,
    after: /^infra: azurerm_kubernetes_cluster\./,
    reason: "AKS refuses an identity that may not join nodes to the subnet",
  },
  {
    before: /^infra: azurerm_user_assigned_identity\.Cluster_/,
    after: /^infra: azurerm_role_assignment\.Cluster_NetworkContributor/,
    reason: "the role is assigned to the identity",
  },
  {
    before: /^infra: azurerm_subnet\.Network_PostgresqlSubnet/,
    after: /^infra: azurerm_postgresql_flexible_server\./,
    reason: "the server is made in its delegated subnet",
  },
  {
    before: /^infra: azurerm_private_dns_zone\.Postgresql/,
    after: /^infra: azurerm_private_dns_zone_virtual_network_link\.Postgresql/,
    reason: "the link is part of the zone",
  },
  {
    before: /^infra: azurerm_private_dns_zone_virtual_network_link\.Postgresql/,
    after: /^infra: azurerm_postgresql_flexible_server\./,
    reason: "Azure refuses the server while its zone is not linked to the network",
  },
  {
    before: /^infra: azurerm_role_assignment\.SecretVault/,
    after: /^infra: time_sleep\./,
    reason: "the wait is for the assignment to spread",
  },
  {
    before: /^infra: (time_sleep|azurerm_key_vault)\./,
    after: /^infra: azurerm_key_vault_secret\./,
    reason: "a secret is written into a vault, by somebody whose role has spread (a 403 is not retried)",
  },
  {
    before: /^infra: azurerm_key_vault_secret\.RootSecrets_Postgresql/,
    after: /^infra: azurerm_postgresql_flexible_server\./,
    reason: "the server gets what the vault holds: in the other order an interruption parts them",
  },
  {
    before: /^infra: azurerm_key_vault_secret\.RootSecrets_Sql/,
    after: /^infra: azurerm_mssql_server\./,
    reason: "the server gets what the vault holds: in the other order an interruption parts them",
  },
  {
    before: /^infra: azurerm_postgresql_flexible_server\./,
    after: /^infra: azurerm_postgresql_flexible_server_/,
    reason: "database and parameters are parts of the server",
  },
  {
    before: /^infra: azurerm_mssql_server\./,
    after: /^infra: azurerm_(mssql_(?!server\.)|private_endpoint\.SqlServer)/,
    reason: "database, policy and endpoint are parts of the server",
  },
  {
    before: /^infra: azurerm_kubernetes_cluster\./,
    after: /^infra: azurerm_federated_identity_credential\./,
    reason: "it names the cluster's issuer",
  },
  {
    before: /^infra: azurerm_kubernetes_cluster\./,
    after: /^cluster-config: kubernetes_namespace_v1\./,
    reason: "the API server answers when the cluster is there",
  },
  {
    before: /^infra: azurerm_postgresql_flexible_server\./,
    after: /^cluster-config: kubernetes_secret_v1\.Secrets_(metadata|pgbouncer)/,
    reason: "the connections name the server",
  },
  {
    before: /^infra: azurerm_private_endpoint\.FileStorage/,
    after: /^cluster-config: helm_release\.SharedStorage_Claims/,
    reason: "the share is mounted by the endpoint",
  },
  {
    before: /^cluster-config: kubernetes_namespace_v1\./,
    after: /^(cluster-config: (kubernetes_secret|helm_release\.SharedStorage_Claims)|workload: kubernetes_config_map)/,
    reason: "they lie in the namespace",
  },
  {
    before: /^cluster-config: kubernetes_secret_v1\.Secrets_(git_|registry)/,
    after: /^workload: kubernetes_job_v1\.PublishModel/,
    reason: "the job signs in with the token",
  },
  {
    before: /^infra: azurerm_(mssql_database|postgresql_flexible_server)\./,
    after: /^workload: kubernetes_job_v1\.PublishModel/,
    reason: "the model names both servers",
  },
  {
    before: /^infra: azurerm_(mssql_database|private_endpoint)\.SqlServer/,
    after: /^workload: kubernetes_job_v1\.Ring1Init/,
    reason: "it makes tables there",
  },
  {
    before: /^workload: kubernetes_config_map_v1\.Payload/,
    after: /^workload: kubernetes_job_v1\.(PublishModel|AirflowMigrate)/,
    reason: "the scripts are in it",
  },
  {
    before: /^infra: azurerm_postgresql_flexible_server_database\./,
    after: /^workload: kubernetes_job_v1\.AirflowMigrate/,
    reason: "it migrates the database",
  },
  {
    before: /^cluster-config: kubernetes_secret_v1\.Secrets_metadataDirect/,
    after: /^workload: kubernetes_job_v1\.AirflowMigrate/,
    reason: "it signs in with it",
  },
  {
    before: /^workload: kubernetes_job_v1\.PublishModel/,
    after: /^workload: kubernetes_job_v1\.(PublishDag|Ring1Init)/,
    reason: "both read the released model",
  },
  {
    before: /^workload: kubernetes_job_v1\.Ring1Init/,
    after: /^workload: kubernetes_job_v1\.ModelMerge/,
    reason: "it merges into ring 1's tables",
  },
  // Not Ring1Init or ModelMerge → Airflow: the walkthrough itself installs Airflow before both (steps 20 and 23).
  {
    before: /^workload: kubernetes_job_v1\.(PublishDag|AirflowMigrate)/,
    after: /^workload: helm_release\./,
    reason: "Airflow starts with a migrated database, and git-sync ends with a failure while the branch is missing",
  },
  {
    before: /^cluster-config: helm_release\.SharedStorage_Claims/,
    after: /^workload: (helm_release\.|kubernetes_job_v1\.Ring1Init)/,
    reason: "the pods mount the claims",
  },
  {
    before: /^workload: helm_release\./,
    after: /^workload: kubernetes_job_v1\.AirflowAdmin/,
    reason: "the walkthrough makes the user in the running Airflow (step 25)",
  },
  {
    before: /^workload: kubernetes_job_v1\.(AirflowAdmin|ModelMerge|Ring1Init)/,
    after: /^workload: kubernetes_job_v1\.Verify/,
    reason: "it signs in as the user and waits for DAGs that read the tables",
  },
];

/** The longest chain of unavoidable edges through what a deployment makes, with its times. */
export function unavoidableChain(
  states: readonly State[],
  journal: readonly JournalEntry[],
  edges: readonly UnavoidableEdge[] = UNAVOIDABLE,
): Chain {
  const steps = states.flatMap(({ stack, ...state }) =>
    stepsOf({ stack, ...state }, journal).map((step) => ({ ...step, name: `${roleOf(stack)}: ${step.name}` })),
  );
  return longestChain(
    steps.map(({ name, seconds }) => ({
      name,
      seconds,
      after: steps.flatMap((other) =>
        other.name !== name && edges.some(({ before, after }) => before.test(other.name) && after.test(name))
          ? [other.name]
          : [],
      ),
    })),
  );
}

/** `infra` of `demo-infra`; the environment's name may have hyphens, too. */
function roleOf(stack: string): string {
  return /(infra|cluster-config|workload)$/.exec(stack)?.[0] ?? stack;
}

/** How much longer than the unavoidable chain a deployment may be. */
const LONGEST = 1.15;
/** Which part of all steps, one after the other, it may take. */
const LARGEST_PART = 0.5;

/** Why a deployment takes too long, one line each; empty when it does not. */
export function tooLong({ seconds, sum, measured, critical }: Timeline, unavoidable: Chain): readonly string[] {
  const how = measured ? "measured" : "estimated";
  const lines: string[] = [];
  if (seconds > unavoidable.seconds * LONGEST) {
    const without = critical.filter(
      (name) =>
        !unavoidable.steps.some((step) => name.replace(/^.*?(infra|cluster-config|workload): /, "$1: ") === step.name),
    );
    lines.push(
      `${how} ${seconds.toFixed(0)} s, more than ${LONGEST} times the ${unavoidable.seconds.toFixed(0)} s of the unavoidable chain; on the critical path and not on that one: ${without.join(", ")}`,
    );
  }
  if (seconds > sum * LARGEST_PART) {
    lines.push(
      `${how} ${seconds.toFixed(0)} s, more than ${LARGEST_PART} times the ${sum.toFixed(0)} s of all steps one after the other`,
    );
  }
  return lines;
}

const COLOURS = ["#2f6fb0", "#3f8f5b", "#8a5aa8", "#7a7a7a"] as const;
const CRITICAL = "#c8322b";
const LAYOUT = { labels: 420, chart: 1000, right: 80, row: 16, top: 96, bottom: 44 } as const;

/** The timeline as one self-contained SVG: a bar for each resource, the critical path outlined, minutes below. */
export function timelineSvg(title: string, { bars, seconds, sum, critical, measured }: Timeline): string {
  const { labels, chart, right, row, top, bottom } = LAYOUT;
  const stacks = [...new Set(bars.map(({ stack }) => stack))];
  const colour = (stack: string): string => COLOURS[stacks.indexOf(stack) % COLOURS.length] ?? CRITICAL;
  const sorted = [...bars].sort(
    (a, b) => stacks.indexOf(a.stack) - stacks.indexOf(b.stack) || a.start - b.start || b.end - a.end,
  );
  const width = labels + chart + right;
  const foot = top + sorted.length * row;
  const x = (time: number): number => labels + (time / Math.max(seconds, 1)) * chart;
  const step = [1, 2, 5, 10, 20, 60].find((minutes) => seconds / 60 / minutes <= 16) ?? 120;
  const ticks = Array.from({ length: Math.floor(seconds / 60 / step) + 1 }, (_, index) => index * step);
  const subtitle = `${(seconds / 60).toFixed(1)} minutes on Azure, ${measured ? "measured with REHEARSAL_TIME_SCALE" : "as estimated"}; all steps one after the other: ${(sum / 60).toFixed(1)} minutes`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${foot + bottom}" width="${width}" height="${foot + bottom}" font-family="system-ui, sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="16" y="28" font-size="18" font-weight="600">${escaped(title)}</text>`,
    `<text x="16" y="48" font-size="12" fill="#444444">${escaped(subtitle)}</text>`,
    ...stacks.map(
      (stack, index) =>
        `<rect x="${16 + index * 220}" y="60" width="12" height="12" fill="${colour(stack)}"/><text x="${34 + index * 220}" y="70">${escaped(stack)}</text>`,
    ),
    `<rect x="${16 + stacks.length * 220}" y="60" width="12" height="12" fill="#ffffff" stroke="${CRITICAL}" stroke-width="2.5"/><text x="${34 + stacks.length * 220}" y="70">critical path</text>`,
    ...ticks.map(
      (minute) =>
        `<line x1="${round(x(minute * 60))}" x2="${round(x(minute * 60))}" y1="${top - 8}" y2="${foot + 4}" stroke="#dddddd"/><text x="${round(x(minute * 60))}" y="${foot + 18}" text-anchor="middle" fill="#444444">${minute}</text>`,
    ),
    `<text x="${labels + chart / 2}" y="${foot + 36}" text-anchor="middle" fill="#444444">minutes since the start of the deployment</text>`,
    ...sorted.flatMap(({ stack, resource, start, end }, index) => {
      const y = top + index * row;
      const isCritical = critical.includes(`${stack}: ${resource}`);
      const duration = end - start;
      return [
        `<g><title>${escaped(`${stack}: ${resource}: ${duration.toFixed(0)} s, from ${(start / 60).toFixed(1)} to ${(end / 60).toFixed(1)} min`)}</title>`,
        `<text x="${labels - 8}" y="${y + 11}" text-anchor="end"${isCritical ? ` font-weight="600" fill="${CRITICAL}"` : ""}>${escaped(label(resource))}</text>`,
        `<rect x="${round(x(start))}" y="${y + 2}" width="${round(Math.max(x(end) - x(start), 1.5))}" height="${row - 5}" fill="${colour(stack)}"${isCritical ? ` stroke="${CRITICAL}" stroke-width="2.5"` : ""}/>`,
        `<text x="${round(x(end) + 5)}" y="${y + 11}" fill="#666666" font-size="10">${duration.toFixed(0)} s</text></g>`,
      ];
    }),
    "</svg>",
    "",
  ].join("\n");
}

/** Type without its provider, and id without CDKTF's hash, cut to the column; the bar's title has the address. */
function label(resource: string): string {
  const text = resource
    .replace(/_[0-9A-F]{8}$/, "")
    .replace(/^(azurerm|kubernetes)_/, "")
    .replace(".", " ");
  return text.length > 62 ? `${text.slice(0, 61)}…` : text;
}

function round(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
