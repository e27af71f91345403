import type { ReleaseLine, SemanticVersion } from "../../datasurface/releases";

const UP_TO = { major: 3, minor: 20, patch: 100 } as const;
const numbers = (end: number): readonly number[] => Array.from({ length: end }, (_, number) => number);
/** Every version that a release line could cover. */
export const VERSIONS = numbers(UP_TO.major).flatMap((major) =>
  numbers(UP_TO.minor).flatMap((minor) => numbers(UP_TO.patch).map((patch): SemanticVersion => [major, minor, patch])),
);

/** The oldest version of a release line, for example `1.4.27`. */
export function oldestVersion({ line, covers }: ReleaseLine): string {
  const version = VERSIONS.find(covers);
  if (version === undefined) {
    throw new Error(`no version up to ${Object.values(UP_TO).join(".")} is of the line ${line}`);
  }
  return version.join(".");
}
