import type { Leaf } from "./leaves";
import type { Change } from "./examples";
import type { StackChange } from "./observe";
import type { Outcome, Outcomes } from "./study";

/** A row of the document. */
export interface Row {
  readonly change: Change;
  readonly outcomes: Outcomes;
  /** Why the change could not be planned or applied. */
  readonly failure?: string;
}

export const STACK_ROLES = ["infra", "cluster-config", "workload"] as const;

const INTRODUCTION = `# What a change does

What Terraform does to each stack of a running environment when one setting is changed. Written by
\`npm run test:changes -- --write\`, which deploys the demo environment into the rehearsal's made-up cloud
(rehearsal/README.md) and plans each change over it; without \`--write\` it fails when this file is stale.

- **refused**: the plan ends with this message before anything is done. The message goes on with what to do when the change is meant.
- **updates**, **replaces**, **makes**, **destroys**: elements by their path in the stack. Terraform's addresses have the same names.
- **runs again**: bootstrap jobs. **restarts**: pods, one after the other where there are several.
- **its state moves**: Terraform keeps the same state elsewhere; run \`terraform init -migrate-state\` in the stack's folder once.
- Left out: \`null_resource\`, \`time_static\` and \`time_sleep\`, which only remember; outputs that nothing but a person reads.
- Nothing that holds data or a root secret (databases, vault and its secrets, cluster, claims, storage account, namespace, network)
  is ever replaced or destroyed by a change that is not refused, but for a credential that leaves \`datasurface.credentials\`. The run fails otherwise.

The made-up cloud does not know what Azure itself does with an update, for example that a server restarts for a minute, or refuses.
`;

/** The whole document. */
export function changesDocument(rows: readonly Row[]): string {
  const sections = [...new Set(rows.map(({ change }) => sectionOf(change.setting)))];
  const tables = sections.map((section) => {
    const own = rows.filter(({ change }) => sectionOf(change.setting) === section);
    return `## ${section}\n\n| setting | changed to | ${STACK_ROLES.join(" | ")} |\n|---|---|---|---|---|\n${own.map(line).join("\n")}\n`;
  });
  return `${INTRODUCTION}\n${tables.join("\n")}`;
}

/** The settings that have a row, from the document's text. */
export function documentedSettings(document: string): readonly string[] {
  return [...new Set([...document.matchAll(/^\| `([^`]+)` \|/gm)].map(([, setting]) => setting ?? ""))];
}

function sectionOf(setting: Leaf): string {
  return setting.split(".")[0] ?? setting;
}

function line({ change, outcomes }: Row): string {
  const given = Object.entries(change.before).filter(([, value]) => value !== undefined);
  const from =
    given.length === 0 || change.setting === "backend.type"
      ? ""
      : `<br>deployed with ${given.map(([name, value]) => `\`${name}: ${inYaml(value)}\``).join(", ")}`;
  const cells = STACK_ROLES.map((_, index) => words(outcomes[index]));
  const [firstCell = "", ...otherCells] = cells;
  const note = change.note === undefined ? "" : `${firstCell === "" ? "" : "<br>"}${change.note}`;
  return `| \`${change.setting}\` | \`${shortened(inYaml(change.to))}\`${from} | ${[`${firstCell}${note}`, ...otherCells].map(cell).join(" | ")} |`;
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|");
}

function inYaml(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 20)}…` : text;
}

function words(outcome: Outcome | undefined): string {
  switch (outcome?.kind) {
    case undefined:
      return "not reached";
    case "nothing":
      return "nothing";
    case "state":
      return "nothing; its state moves";
    case "refused":
      return `**refused**: ${outcome.messages.map(firstSentence).join(" ")}`;
    case "changed":
      return changeWords(outcome.change);
  }
}

function changeWords(change: StackChange): string {
  const parts = [
    ["updates", grouped(change.updated)],
    ["**replaces**", grouped(change.replaced)],
    ["makes", grouped(change.created)],
    ["**destroys**", grouped(change.destroyed)],
    ["runs again", change.rerun.join(", ")],
    ["restarts", change.restarted.join(", ")],
  ] as const;
  const said = parts.filter(([, what]) => what !== "").map(([how, what]) => `${how} ${what}`);
  return said.length > 0
    ? said.join("<br>")
    : change.outputs.length > 0
      ? `nothing but ${change.outputs.length === 1 ? "the output" : "the outputs"} ${change.outputs.join(", ")}`
      : "nothing";
}

/** Paths, those with the same beginning together: `Secrets/{api, jwt}`. */
function grouped(paths: readonly string[]): string {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const [head = "", ...rest] = path.split("/");
    groups.set(head, [...(groups.get(head) ?? []), ...(rest.length > 0 ? [rest.join("/")] : [])]);
  }
  return [...groups]
    .map(([head, rests]) =>
      rests.length === 0 ? head : rests.length === 1 ? `${head}/${rests[0] ?? ""}` : `${head}/{${rests.join(", ")}}`,
    )
    .join(", ");
}

/** Up to the first full stop that ends a sentence. */
export function firstSentence(message: string): string {
  return /^.*?\.(?=\s|$)/s.exec(message)?.[0] ?? message;
}
