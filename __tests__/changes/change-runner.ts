import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import type { SynthesizedEnvironment } from "../helpers/environments";
import { Workers } from "../helpers/workers";
import type { Row } from "./document";
import type { Change } from "./examples";
import type { LeafValues } from "./leaves";
import { Rig } from "./rig";
import { demoWith } from "./sources";
import { study } from "./study";

export interface ChangeRunnerProps {
  readonly folder: string;
  /** Each works by itself. */
  readonly workers: readonly Processes[];
  readonly cliConfigFile: string;
  readonly own: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

/** What a change starts from, with the folder that keeps its deployment. */
interface Base {
  readonly synthesized: SynthesizedEnvironment;
  readonly folder: string;
}

/** Tries changes out: several at a time, each over a deployment of its own. */
export class ChangeRunner {
  constructor(private readonly props: ChangeRunnerProps) {}

  /** @returns a row for each change, in the same order */
  async run(changes: readonly Change[]): Promise<readonly Row[]> {
    const { workers, say } = this.props;
    const demo = demoWith({});
    const starts = new Map<string, SynthesizedEnvironment>([["{}", demo]]);
    const startOf = ({ before }: Change): SynthesizedEnvironment => {
      const key = JSON.stringify(before);
      const start = starts.get(key) ?? demoWith(before);
      starts.set(key, start);
      return start;
    };
    const synthesized = changes.map((change) => ({ change, before: startOf(change), after: demoWith(change.after) }));

    const rigs = workers.map((processes, index) => this.rig(`rig${index}`, processes));
    const [first, ...others] = rigs;
    if (!first) {
      return [];
    }
    await first.init([demo.stacks, ...synthesized.flatMap(({ before, after }) => [before.stacks, after.stacks])]);
    others.forEach((rig) => rig.initLike(first));
    for (const stack of demo.stacks) {
      await first.apply(stack);
    }
    const demoBase: Base = { synthesized: demo, folder: join(this.props.folder, "demo") };
    first.save(demoBase.folder);
    // What a stack with the same JSON and the same sources would do.
    for (const stack of demo.stacks) {
      if ((await first.plan(stack)) !== undefined) {
        throw new RehearsalError(`The second plan of ${stack.name} is not empty.`);
      }
    }

    const rows = new Map<Change, Row>();
    await new Workers([...rigs.entries()]).each(groups(synthesized), async (group, [index, rig]) => {
      const base = await this.base(rig, demoBase, group.before, `base${index}`, group.values);
      rig.restore(base.folder);
      for (const { change, after } of group.members) {
        say(change.setting);
        rows.set(change, await this.row(rig, base, change, after));
      }
    });
    return changes.flatMap((change) => rows.get(change) ?? []);
  }

  /** One change; the rig is as it was afterwards. */
  private async row(rig: Rig, base: Base, change: Change, after: SynthesizedEnvironment): Promise<Row> {
    try {
      const { outcomes, applied } = await study(rig, base.synthesized, after);
      if (applied) {
        rig.restore(base.folder);
      }
      return { change, outcomes };
    } catch (error) {
      if (!(error instanceof RehearsalError)) {
        throw error;
      }
      rig.restore(base.folder);
      return { change, outcomes: [], failure: error.message };
    }
  }

  private rig(name: string, processes: Processes): Rig {
    const folder = join(this.props.folder, name);
    mkdirSync(folder, { recursive: true });
    return new Rig({
      folder,
      environment: "demo",
      cliConfigFile: this.props.cliConfigFile,
      own: this.props.own,
      processes,
    });
  }

  /** Deploys what differs from the demo, from nothing. Where only the state's place does, the demo's own deployment will do. */
  private async base(
    rig: Rig,
    demo: Base,
    before: SynthesizedEnvironment,
    name: string,
    values: LeafValues,
  ): Promise<Base> {
    const onlyTheState = Object.keys(values).every((setting) => setting.startsWith("backend."));
    const same = before.stacks.every(({ json }, index) =>
      isDeepStrictEqual(json, demo.synthesized.stacks[index]?.json),
    );
    if (same || onlyTheState) {
      return { synthesized: before, folder: demo.folder };
    }
    rig.clear();
    for (const stack of before.stacks) {
      await rig.apply(stack);
    }
    const folder = join(this.props.folder, name, String(Object.keys(values).sort().join("-")));
    rig.save(folder);
    return { synthesized: before, folder };
  }
}

interface Synthesized {
  readonly change: Change;
  readonly before: SynthesizedEnvironment;
  readonly after: SynthesizedEnvironment;
}

interface Group {
  readonly values: LeafValues;
  readonly before: SynthesizedEnvironment;
  readonly members: readonly Synthesized[];
}

/** Most changes of a group, so that the workers end at the same time. */
const GROUP = 6;

/** Changes that start from the same settings together, those that need a deployment of their own first. */
function groups(all: readonly Synthesized[]): readonly Group[] {
  const byStart = new Map<string, Synthesized[]>();
  for (const one of all) {
    const key = JSON.stringify(one.change.before);
    byStart.set(key, [...(byStart.get(key) ?? []), one]);
  }
  return [...byStart.values()]
    .sort((a, b) => a.length - b.length)
    .flatMap((members) => {
      const parts = Array.from({ length: Math.ceil(members.length / GROUP) }, (_, index) =>
        members.slice(index * GROUP, (index + 1) * GROUP),
      );
      return parts.flatMap((part) =>
        part[0] ? [{ values: part[0].change.before, before: part[0].before, members: part }] : [],
      );
    });
}
