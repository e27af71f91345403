import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RehearsalError } from "../../rehearsal/problem";
import type { Fault } from "./fault";

/** What a person's folder holds besides the sources. */
const LEFT_OUT = ["node_modules", ".git", ".cache", "cdktf.out", "terraform-state", ".gen"];

/** A copy of the project's sources, in which a fault can be planted. */
export class Copy {
  readonly folder: string;

  constructor(project: string, place: string) {
    this.folder = join(place, "project");
    mkdirSync(place, { recursive: true });
    cpSync(project, this.folder, { recursive: true, filter: (source) => dirname(source) !== project || !LEFT_OUT.includes(basename(source)) });
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
  const count = from === "" ? 0 : source.split(from).length - 1;
  if (count !== 1) {
    throw new RehearsalError(`${name}: ${file} has "${from}" ${count} times instead of once: the fault has to follow the source (__tests__/planted-faults/faults)`);
  }
  return source.replace(from, () => to);
}
