import { compare } from "../../rehearsal/records";

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const REFERENCE = /\b(?:data\.)?[a-z][a-z0-9]*_[a-z0-9_]+\.[A-Za-z][\w-]*/g;

/**
 * How a resource of a synthesized stack is wired: its type, which arguments it has, whatever their values are, and which objects it
 * refers to. What fails with one resource fails with another one that is wired like it.
 */
export function wiring(stack: unknown, resource: string): string {
  const { resource: types = {} } = stack as { readonly resource?: Sections };
  const [type = "", name = ""] = resource.split(".", 2);
  const block = types[type]?.[name];
  const references = new Set(JSON.stringify(block ?? null).match(REFERENCE));
  return JSON.stringify([type, shape(block), [...references].sort(compare)]);
}

function shape(value: unknown): unknown {
  if (Array.isArray(value)) {
    return [...new Set(value.map((item) => JSON.stringify(shape(item))))].sort(compare);
  }
  if (typeof value !== "object" || value === null) {
    return "";
  }
  return Object.entries(value)
    .filter(([key]) => key !== "//")
    .sort(([a], [b]) => compare(a, b))
    .map(([key, inner]) => [key, key === "tags" ? "" : shape(inner)]);
}
