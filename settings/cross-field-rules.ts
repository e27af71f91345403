import { capacityRules } from "./capacity-rules";
import { modelRules } from "./model-rules";
import { networkRules } from "./network-rules";
import { placeRules } from "./place-rules";
import { Unreadable } from "./readable";
import type { BrokenRule, Rule } from "./rule";
import type { Settings } from "./schema";

const RULES: readonly Rule[] = [...networkRules, ...capacityRules, ...placeRules, ...modelRules];

/**
 * The rules between several fields that the settings break. A rule that needs a field which is refused already
 * (see readable.ts) says nothing.
 */
export function brokenRules(settings: Settings): readonly BrokenRule[] {
  return RULES.flatMap((rule) => {
    try {
      return rule(settings);
    } catch (error) {
      if (error instanceof Unreadable) {
        return [];
      }
      throw error;
    }
  });
}
