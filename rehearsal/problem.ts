/** Something a person can remedy: shown as its message alone, without a stack trace. */
export class RehearsalError extends Error {
  override readonly name = "RehearsalError";
}

/** The person pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
