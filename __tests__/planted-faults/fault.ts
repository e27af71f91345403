/** A defect that somebody could well make, as one change of one file. */
export interface Fault {
  /** Unique, in kebab case. */
  readonly name: string;
  /** What is wrong then, and what would come of it. */
  readonly about: string;
  /** Path in the project. */
  readonly file: string;
  /** Text that stands in the file exactly once. Line breaks, indentation and commas in front of closing brackets do not count. */
  readonly from: string;
  readonly to: string;
  readonly caughtBy: Catcher;
}

/** The cheapest check that fails. Snapshots, golden lists and generated pages are none: they fail at every change. */
export type Catcher =
  /** `npm test`: a test of a file below __tests__, by its title; several of one title by `DESCRIBE › TITLE`. */
  | { readonly suite: "test"; readonly file: string; readonly test: string }
  /** `npm run types`, by a part of the message. */
  | { readonly suite: "types"; readonly says: string }
  /** `npm run lint`: eslint of one file, by a part of the message. */
  | { readonly suite: "lint"; readonly file: string; readonly says: string }
  /** `npm run rehearse` of demo, by a part of what it says. */
  | { readonly suite: "rehearse"; readonly says: string }
  /** `npm run test:rehearsal`: a point that needs no environment, by a part of what it says. */
  | { readonly suite: "rehearsed"; readonly point: "values"; readonly says: string }
  /** `npm run test:bootstrap`: a unit test of a payload, as unittest names it. */
  | { readonly suite: "payload"; readonly test: string };

/** How the table and the messages call a check. */
export function describeCatcher(catcher: Catcher): string {
  switch (catcher.suite) {
    case "test":
      return `\`npm test\`: ${catcher.file}, "${catcher.test}"`;
    case "types":
      return `\`npm run types\`: "${catcher.says}"`;
    case "lint":
      return `\`npm run lint\`: "${catcher.says}"`;
    case "rehearse":
      return `\`npm run rehearse\`: "${catcher.says}"`;
    case "rehearsed":
      return `\`npm run test:rehearsal -- --only ${catcher.point}\`: "${catcher.says}"`;
    case "payload":
      return `\`npm run test:bootstrap\`: ${catcher.test}`;
  }
}
