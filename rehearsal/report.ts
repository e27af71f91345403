import { type Chain, criticalPath, type StackTiming } from "./critical-path";
import type { Stack } from "./records";
import { minutes, table } from "./table";

export interface Phase {
  readonly name: string;
  /** Seconds that it took on this machine. */
  readonly seconds: number;
}

export interface ReportProps {
  readonly environment: string;
  readonly stacks: readonly Stack[];
  readonly timings: readonly StackTiming[];
  readonly phases: readonly Phase[];
  /** Keys in the state that open nothing, each with its reason. */
  readonly excepted: readonly string[];
}

/** Said with every result: a rehearsal that went well is no deployment (rehearsal/README.md has the long form). */
export const CANNOT_SHOW = [
  "what Azure checks itself: quota, SKUs and versions in the region, names that somebody else has, permissions, policies",
  "whether tokens and kubelogin work, images can be pulled, the chart renders, jobs and pods come up, DNS and network let through",
  "what happens behind Terraform's back: drift, soft-deleted objects, roles that take minutes to spread",
  "real durations: the minutes are estimates (rehearsal/providers/tables/seconds.txt), without Terraform's own reading and planning",
];

export function report({ environment, stacks, timings, phases, excepted }: ReportProps): readonly string[] {
  const path = criticalPath(stacks, timings);
  const sum = (pick: (timing: StackTiming) => number) => timings.reduce((total, timing) => total + pick(timing), 0);
  return [
    ...table(
      [
        ["stack", "resources", "minutes on Azure, sum", "longest chain"],
        ...timings.map((timing) => [
          timing.stack,
          String(timing.resources),
          minutes(timing.sum),
          minutes(timing.chain.seconds),
        ]),
        ["all", String(sum(({ resources }) => resources)), minutes(sum((timing) => timing.sum)), minutes(path.seconds)],
      ],
      [1, 2, 3],
    ),
    "",
    `Critical path, estimated: ${minutes(path.seconds)} minutes`,
    ...pathLines(path),
    "",
    `Seconds here: ${phases.map(({ name, seconds }) => `${name} ${seconds.toFixed(0)}`).join(", ")}; together ${phases.reduce((total, { seconds }) => total + seconds, 0).toFixed(0)}`,
    ...(excepted.length > 0
      ? ["", "In the state, and known to be there:", ...excepted.map((line) => `  ${line}`)]
      : []),
    "",
    `The rehearsal of ${environment} cannot show:`,
    ...CANNOT_SHOW.map((line) => `  - ${line}`),
  ];
}

function pathLines(path: Chain): readonly string[] {
  const rows = path.steps
    .filter(({ seconds }) => seconds > 0)
    .map(({ name, seconds }) => ["", seconds.toFixed(0), name]);
  return rows.length === 0 ? [] : table([["", "seconds", "resource"], ...rows], [1]);
}
