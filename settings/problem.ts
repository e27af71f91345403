import { escaped } from "./invisible";
import { withoutTokens } from "./secret-looking";

/** One thing that is wrong with the settings, in the words of the person who has to mend it. */
export interface Problem {
  /** Where the value stands: `environments/demo.yaml:12`, or `environment variable NAMESPACE`. */
  readonly where: string;
  /** Path of the field, dotted: `keyVault.name`. Empty for the file as a whole. */
  readonly field: string;
  /** What was given, as it would be written in YAML; `(nothing)` for a missing value. */
  readonly given: string;
  readonly allowed: string;
  readonly remedy: string;
}

/** The settings cannot be used. Its message lists every problem; print it without a stack trace. */
export class SettingsError extends Error {
  /** Without tokens, wherever in the file they stood. */
  readonly problems: readonly Problem[];

  constructor(
    readonly subject: string,
    problems: readonly Problem[],
  ) {
    const shown = problems.map(({ where, field, given, allowed, remedy }) => ({
      where,
      field: escaped(withoutTokens(field)),
      given: escaped(withoutTokens(given)),
      allowed,
      remedy: escaped(withoutTokens(remedy)),
    }));
    super(render(subject, shown));
    this.problems = shown;
    this.name = "SettingsError";
  }
}

function render(subject: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map((problem) =>
    [
      `  ${problem.where}${problem.field === "" ? "" : `  ${problem.field}`}`,
      `    given:   ${problem.given}`,
      `    allowed: ${problem.allowed}`,
      `    remedy:  ${problem.remedy}`,
    ].join("\n"),
  );
  return [`${subject}: ${count}`, ...lines].join("\n");
}
