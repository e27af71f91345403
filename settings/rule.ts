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
