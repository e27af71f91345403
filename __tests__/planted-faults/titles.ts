import ts from "typescript";
import { literally } from "../helpers/reg-exp";

/**
 * Expressions for the titles that a test file's source gives its tests and describes. Each text in it counts: which ones are titles,
 * only jest knows. What is filled in (%s, $name, ${...}) stands for any text.
 */
export function titlesIn(source: string): readonly RegExp[] {
  const texts = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) {
      texts.add(asExpression([node.text]));
    } else if (ts.isTemplateExpression(node)) {
      texts.add(asExpression([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("titles.test.ts", source, ts.ScriptTarget.Latest, false));
  // A text of placeholders alone would stand for every title.
  return [...texts].filter((text) => text.replaceAll(ANY, "").trim() !== "").map((text) => new RegExp(`^${text}$`));
}

const ANY = ".+";

function asExpression(parts: readonly string[]): string {
  return parts
    .map((part) =>
      part
        .split(/%[sdifjop#]|\$\w+/)
        .map(literally)
        .join(ANY),
    )
    .join(ANY);
}

/** Whether a Catcher's title, `DESCRIBE › TITLE` or `TITLE`, is one of a file with these titles. */
export function hasTitle(titles: readonly RegExp[], title: string): boolean {
  return title.split(" › ").every((part) => titles.some((expression) => expression.test(part)));
}
