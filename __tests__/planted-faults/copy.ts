import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RehearsalError } from "../../rehearsal/problem";
import { literally } from "../helpers/reg-exp";
import type { Fault } from "./fault";

/** What a person's folder holds besides the sources. */
const LEFT_OUT = ["node_modules", ".git", ".cache", "cdktf.out", "terraform-state", ".gen"];

/** A copy of the project's sources, in which a fault can be planted. */
export class Copy {
  readonly folder: string;

  constructor(project: string, place: string) {
    this.folder = join(place, "project");
    mkdirSync(place, { recursive: true });
    cpSync(project, this.folder, {
      recursive: true,
      filter: (source) => dirname(source) !== project || !LEFT_OUT.includes(basename(source)),
    });
    symlinkSync(realpathSync(join(project, "node_modules")), join(this.folder, "node_modules"), "dir");
  }

  /** Plants the fault for as long as the work takes. */
  async with<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
    const path = join(this.folder, fault.file);
    const source = readFileSync(path, "utf8");
    writeFileSync(path, planted(source, fault));
    try {
      return await work();
    } finally {
      writeFileSync(path, source);
    }
  }
}

/**
 * The file's text with the fault in it.
 * @throws RehearsalError when the text to replace is not there exactly once
 */
export function planted(source: string, { name, file, from, to }: Fault): string {
  const matches = from.trim() === "" ? [] : [...source.matchAll(inAnyLayout(from.trim()))];
  const [match] = matches;
  if (match === undefined || matches.length > 1) {
    throw new RehearsalError(
      `${name}: ${file} has "${from}" ${matches.length} times instead of once: the fault has to follow the source (__tests__/planted-faults/faults)`,
    );
  }
  // The white space around the text stays in the source.
  const lead = /^\s*/.exec(from)?.[0] ?? "";
  const trail = /\s*$/.exec(from)?.[0] ?? "";
  const start = to.startsWith(lead) ? lead.length : 0;
  const end = trail !== "" && to.endsWith(trail) ? to.length - trail.length : to.length;
  return (
    source.slice(0, match.index) + to.slice(start, Math.max(start, end)) + source.slice(match.index + match[0].length)
  );
}

/** Expression for source code in whatever layout a formatter gives it: white space, and commas in front of closing brackets. */
function inAnyLayout(code: string): RegExp {
  const tokens = code.match(/\w+|[^\w\s]/g) ?? [];
  const parts = tokens.map((token, index) => {
    const next = tokens[index + 1] ?? "";
    const literal = literally(token);
    if (/^[)\]}]$/.test(next)) {
      return token === "," ? ",?\\s*" : `${literal}\\s*,?\\s*`;
    }
    const twoWords = /^\w/.test(token) && /^\w/.test(next);
    return next === "" ? literal : `${literal}\\s${twoWords ? "+" : "*"}`;
  });
  return new RegExp(parts.join(""), "g");
}
