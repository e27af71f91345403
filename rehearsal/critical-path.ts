import type { JournalEntry, Stack, State } from "./records";

/** A thing that takes time, and what it has to wait for. */
export interface Step {
  readonly name: string;
  /** Estimated seconds on Azure. */
  readonly seconds: number;
  /** Names of steps; unknown ones count for nothing. */
  readonly after: readonly string[];
}

export interface Chain {
  /** Seconds from the first step's start to the last one's end. */
  readonly seconds: number;
  readonly steps: readonly Step[];
}

/**
 * The longest chain through steps that wait for each other.
 * @throws Error for steps that wait for each other in a circle.
 */
export function longestChain(steps: readonly Step[]): Chain {
  const known = new Map(steps.map((step) => [step.name, step]));
  const best = new Map<string, Chain>();
  const visiting = new Set<string>();
  const chainTo = (step: Step): Chain => {
    const done = best.get(step.name);
    if (done) {
      return done;
    }
    if (visiting.has(step.name)) {
      throw new Error(`${step.name} waits for itself`);
    }
    visiting.add(step.name);
    let before: Chain = { seconds: 0, steps: [] };
    for (const name of step.after) {
      const other = known.get(name);
      const chain = other ? chainTo(other) : undefined;
      if (chain && chain.seconds > before.seconds) {
        before = chain;
      }
    }
    const chain = { seconds: before.seconds + step.seconds, steps: [...before.steps, step] };
    best.set(step.name, chain);
    return chain;
  };
  return steps
    .map(chainTo)
    .reduce<Chain>((longest, chain) => (chain.seconds > longest.seconds ? chain : longest), { seconds: 0, steps: [] });
}

/** A stack's objects as steps; how long each takes stands in the journal of the deployment. */
export function stepsOf(state: State, journal: readonly JournalEntry[]): readonly Step[] {
  const seconds = new Map(
    journal
      .filter(({ action, error }) => action === "create" && error === undefined)
      .map((entry) => [`${entry.type} ${entry.id}`, entry.seconds]),
  );
  const steps = new Map<string, Step>();
  for (const { resource, mode, type, attributes, dependencies } of state.instances) {
    if (mode !== "managed") {
      continue;
    }
    // The id of a time_sleep is the time of day, so that several may have the same one.
    const own =
      type === "time_sleep"
        ? durationSeconds(attributes.create_duration)
        : (seconds.get(`${type} ${String(attributes.id)}`) ?? 0);
    const earlier = steps.get(resource);
    steps.set(resource, {
      name: resource,
      seconds: Math.max(own, earlier?.seconds ?? 0),
      after: [...(earlier?.after ?? []), ...dependencies],
    });
  }
  return [...steps.values()];
}

/** Seconds of a duration as the time provider writes it, for example 1m30s. */
export function durationSeconds(duration: unknown): number {
  if (typeof duration !== "string") {
    return 0;
  }
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0),
    0,
  );
}

export interface StackTiming {
  readonly stack: string;
  /** Objects that Terraform manages. */
  readonly resources: number;
  /** Estimated seconds of all of them, one after the other. */
  readonly sum: number;
  readonly chain: Chain;
}

export function timingOf(state: State, journal: readonly JournalEntry[]): StackTiming {
  const steps = stepsOf(state, journal);
  return {
    stack: state.stack,
    resources: state.instances.filter(({ mode }) => mode === "managed").length,
    sum: steps.reduce((sum, step) => sum + step.seconds, 0),
    chain: longestChain(steps),
  };
}

/** The longest chain through all stacks: cdktf deploys a stack when those that it depends on are complete. */
export function criticalPath(stacks: readonly Stack[], timings: readonly StackTiming[]): Chain {
  const chains = new Map(timings.map(({ stack, chain }) => [stack, chain]));
  const order = longestChain(
    stacks.map(({ name, dependencies }) => ({ name, seconds: chains.get(name)?.seconds ?? 0, after: dependencies })),
  );
  return {
    seconds: order.seconds,
    steps: order.steps.flatMap(({ name }) =>
      (chains.get(name)?.steps ?? []).map((step) => ({ ...step, name: `${name}: ${step.name}` })),
    ),
  };
}
