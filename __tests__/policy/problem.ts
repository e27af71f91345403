/** Something a person can remedy: shown as its message alone, without a stack trace. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
}
