import { isDeepStrictEqual } from "node:util";
import type { SynthesizedEnvironment } from "../helpers/environments";
import { isObject, type Json, type JsonObject } from "../helpers/json";
import type { SynthesizedStack } from "../helpers/synthesized";
import { observe, type Plan, type StackChange } from "./observe";
import { isRefusal, type Rig } from "./rig";

/** What a changed setting does to a stack. */
export type Outcome =
  | { readonly kind: "nothing" }
  /** Only where Terraform keeps its state. */
  | { readonly kind: "state" }
  /** Every message. The stacks behind it are not reached. */
  | { readonly kind: "refused"; readonly messages: readonly string[] }
  | { readonly kind: "changed"; readonly change: StackChange };

/** Outcomes in the order of the stacks; a refusal is the last one. */
export type Outcomes = readonly Outcome[];

/**
 * Plans the stacks as they are to be over what the rig has deployed of the stacks as they were. A stack whose JSON and whose
 * sources are the same is not planned: an empty plan of the deployed stacks has shown what comes out. A plan that the stacks
 * behind it may see is applied first; one that loses data is where it ends.
 * @returns the outcomes, and whether something was applied
 */
export async function study(
  rig: Rig,
  before: SynthesizedEnvironment,
  after: SynthesizedEnvironment,
): Promise<{ readonly outcomes: Outcomes; readonly applied: boolean }> {
  const outcomes: Outcome[] = [];
  let applied = false;
  let sourcesChanged = false;
  for (const [index, stack] of after.stacks.entries()) {
    const old = before.stacks[index];
    if (old && isDeepStrictEqual(withoutState(old.json), withoutState(stack.json)) && !sourcesChanged) {
      outcomes.push({ kind: isDeepStrictEqual(old.json, stack.json) ? "nothing" : "state" });
      continue;
    }
    const plan = await rig.plan(stack);
    if (plan === undefined) {
      outcomes.push({ kind: "nothing" });
      continue;
    }
    if (isRefusal(plan)) {
      return { outcomes: [...outcomes, { kind: "refused", messages: plan.refused }], applied };
    }
    const change = observe(plan, old ? [old, stack] : [stack]);
    outcomes.push({ kind: "changed", change });
    if (change.lost.length > 0) {
      return { outcomes, applied };
    }
    const published = changedOutputs(plan).some((output) => readBy(after.stacks.slice(index + 1), output));
    const laterDiffers = after.stacks
      .slice(index + 1)
      .some((later, offset) => !isDeepStrictEqual(later.json, before.stacks[index + 1 + offset]?.json));
    if (published || laterDiffers) {
      await rig.applyPlan(stack);
      applied = true;
    }
    sourcesChanged ||= published;
  }
  return { outcomes, applied };
}

/** The stack without what says where states lie, and without CDKTF's note, which repeats it. */
function withoutState(json: JsonObject): Json {
  const sources = section(section(json.data).terraform_remote_state);
  return {
    ...without(json, ["//"]),
    terraform: without(section(json.terraform), ["backend", "cloud"]),
    data: { ...section(json.data), terraform_remote_state: Object.keys(sources) },
  };
}

function section(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function changedOutputs(plan: Plan): readonly string[] {
  return Object.entries(plan.output_changes ?? {})
    .filter(([, { actions }]) => !isDeepStrictEqual(actions, ["no-op"]))
    .map(([name]) => name);
}

function readBy(stacks: readonly SynthesizedStack[], output: string): boolean {
  return stacks.some(({ json }) => new RegExp(`\\.outputs\\.${output}\\b`).test(JSON.stringify(json)));
}
