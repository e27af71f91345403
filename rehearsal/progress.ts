/** Columns of the screen; a line of Terraform's may hold the values of a whole Helm release. */
const WIDTH = 240;

const DONE = /: (Still )?(creating|modifying|destroying|(Creation|Modifications|Destruction) complete)/i;
const BEGUN = /: (Creating|Modifying|Destroying)\.\.\./;
const SUMMARY = /^(Apply complete!|Destroy complete!|No changes\.|Plan: )/;

/**
 * Picks the lines that tell how far a deployment is from what cdktf prints (the plans alone are thousands of lines), each
 * behind the name of its stack.
 */
export class Progress {
  private stack = "";
  private partial = "";

  /** @param chunk - output as it comes, not necessarily whole lines */
  lines(chunk: string): readonly string[] {
    const all = (this.partial + chunk).split("\n");
    this.partial = all.pop() ?? "";
    return all.flatMap((line) => this.line(line));
  }

  private line(line: string): readonly string[] {
    // cdktf names the stack only where it changes, and sets the other lines in.
    const named = /^([A-Za-z0-9_-]+) {2}(.*)$/.exec(line);
    this.stack = named?.[1] ?? this.stack;
    const text = (named?.[2] ?? line).trim();
    const tells = SUMMARY.test(text) || (DONE.test(text) && !BEGUN.test(text));
    return tells ? [shortened(`${this.stack}  ${text.replace(/ \[id=.*?\]/, "")}`)] : [];
  }
}

/** Most lines of a message that are shown. */
const MESSAGE = 120;

/** What cdktf printed from its first error on. */
export function errorLines(output: string): readonly string[] {
  const lines = output.split("\n").map((line) => line.trimEnd());
  const first = lines.findIndex((line) => /^\s*(\S+ {2})?\s*(Error: |\[.*ERROR\])/.test(line));
  const message = first < 0 ? lines.slice(-MESSAGE) : lines.slice(first, first + MESSAGE);
  return message.map(shortened);
}

function shortened(line: string): string {
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line;
}
