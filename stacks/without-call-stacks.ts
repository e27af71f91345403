/**
 * Runs a synth while CDKTF takes no call stacks. It takes one for every token that it makes, and shows them in a few of its
 * own errors only. Errors themselves keep their traces.
 */
export function withoutCallStacks<T>(action: () => T): T {
  const before = Object.getOwnPropertyDescriptor(Error, "captureStackTrace") ?? {};
  Error.captureStackTrace = () => undefined;
  try {
    return action();
  } finally {
    Object.defineProperty(Error, "captureStackTrace", before);
  }
}
