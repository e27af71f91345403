import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The scripts that bootstrap jobs run: content by file name. */
export type Payload = Readonly<Record<string, string>>;

/** Folder in which a job finds the scripts. */
export const PAYLOAD_MOUNT = "/opt/bootstrap";

/** Reads the scripts of a folder, by name. */
export function loadPayload(folder: string): Payload {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".py"))
    .sort();
  return Object.fromEntries(
    files.map((file) => [file, readFileSync(join(folder, file), "utf8").replace(/\r\n/g, "\n")]),
  );
}

/**
 * Hash of a script and of the modules beside it that it imports, directly or not: a job is run again when one of these
 * changes, and not when another job's script does.
 * @throws RangeError when there is no such script.
 */
export function scriptHash(payload: Payload, script: string): string {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    const content = payload[file];
    if (content === undefined || seen.has(file)) {
      return;
    }
    seen.add(file);
    for (const [, module] of content.matchAll(/^\s*(?:from|import)\s+([A-Za-z_]\w*)/gm)) {
      visit(`${module}.py`);
    }
  };
  visit(script);
  if (!seen.has(script)) {
    throw new RangeError(`bootstrap/payload has no ${script}; there are ${Object.keys(payload).join(", ")}`);
  }
  const hash = createHash("sha256");
  for (const file of [...seen].sort()) {
    hash
      .update(file)
      .update("\0")
      .update(payload[file] ?? "")
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}
