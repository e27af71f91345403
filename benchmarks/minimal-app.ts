/**
 * Source of a minimal CDKTF app: as many resources and data sources of each type as the given stacks have, imported by
 * sub-path, in as many stacks, with no argument and no further code.
 */
export function minimalApp(
  stacks: readonly unknown[],
  exists: (subPath: string) => boolean,
): { readonly source: string; readonly resources: number } {
  const imports = new Map<string, string>();
  let resources = 0;
  const bodies = stacks.map((stack, index) => {
    const lines = [`const stack${index} = new TerraformStack(app, "stack${index}");`];
    const {
      provider = {},
      resource = {},
      data = {},
    } = stack as Record<"provider" | "resource" | "data", Blocks | undefined>;
    for (const type of Object.keys(provider)) {
      lines.push(
        `new ${register(`@cdktf/provider-${type}/lib/provider`, imports)}(stack${index}, ${JSON.stringify(type)}, {} as never);`,
      );
    }
    for (const [prefix, blocks] of [
      ["", resource],
      ["data-", data],
    ] as const) {
      for (const [type, members] of Object.entries(blocks)) {
        const name = importFor(prefix, type, exists, imports);
        if (name === undefined) {
          continue;
        }
        for (const member of Object.keys(members)) {
          resources += 1;
          lines.push(`new ${name}(stack${index}, ${JSON.stringify(`${prefix}${type}-${member}`)}, {} as never);`);
        }
      }
    }
    return lines.join("\n");
  });
  const head = [
    'import { App, TerraformStack } from "cdktf";',
    ...[...imports].map(([subPath, name]) => `const ${name} = classOf(require(${JSON.stringify(subPath)}));`),
  ];
  return {
    source: [head[0], CLASS_OF, ...head.slice(1), "const app = new App();", ...bodies, "app.synth();", ""].join("\n"),
    resources,
  };
}

type Blocks = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The resource's class is the export with a Terraform type. */
const CLASS_OF = `
type Class = new (scope: TerraformStack, id: string, config: never) => unknown;
function classOf(module: Record<string, unknown>): Class {
  return Object.values(module).find((value) => typeof value === "function" && "tfResourceType" in value) as Class;
}`;

/** Name of the import for a type; `undefined` for Terraform's own types (terraform_data, terraform_remote_state). */
function importFor(
  prefix: string,
  type: string,
  exists: (subPath: string) => boolean,
  imports: Map<string, string>,
): string | undefined {
  const [provider = "", ...rest] = type.split("_");
  if (provider === "terraform") {
    return undefined;
  }
  const folder = prefix === "" ? rest.join("-") : `${prefix}${type.replace(/_/g, "-")}`;
  const candidates = [folder, `${folder}-resource`].map((name) => `@cdktf/provider-${provider}/lib/${name}`);
  const subPath = candidates.find(exists);
  if (subPath === undefined) {
    throw new Error(`No binding found for ${type}: looked for ${candidates.join(", ")}`);
  }
  return register(subPath, imports);
}

function register(subPath: string, imports: Map<string, string>): string {
  const name = imports.get(subPath) ?? `Class${imports.size}`;
  imports.set(subPath, name);
  return name;
}
