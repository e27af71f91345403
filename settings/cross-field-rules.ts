import { capacityRules } from "./capacity-rules";
import { networkRules } from "./network-rules";
import { placeRules } from "./place-rules";
import { Unreadable } from "./readable";
import type { Settings } from "./schema";

/** A rule between several fields that is broken: at which field to say it, and what to say. */
export interface BrokenRule {
  readonly field: readonly (string | number)[];
  readonly given: string;
  readonly allowed: string;
  readonly remedy: string;
}

/** A rule between several fields: what of it is broken. */
export type Rule = (settings: Settings) => readonly BrokenRule[];

const RULES: readonly Rule[] = [...networkRules, ...capacityRules, ...placeRules];

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
