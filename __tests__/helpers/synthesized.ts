import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { App, TerraformStack } from "cdktf";
import { withoutCallStacks } from "../../stacks/without-call-stacks";
import { at, isObject, type Json, type JsonObject, plain } from "./json";

export type BlockMode = "resource" | "data" | "ephemeral";

/** A resource, a data source or an ephemeral resource of a stack. */
export interface Block {
  readonly mode: BlockMode;
  readonly type: string;
  readonly id: string;
  /** As expressions name it, for example `data.azurerm_client_config.Client`. */
  readonly address: string;
  /** Arguments, without CDKTF's metadata. */
  readonly attributes: JsonObject;
}

/** The JSON of a stack, with exact look-ups: each throws when there is no such block, or more than one. */
export class SynthesizedStack {
  readonly blocks: readonly Block[];

  constructor(
    readonly name: string,
    readonly json: JsonObject,
  ) {
    this.blocks = (["resource", "data", "ephemeral"] as const).flatMap((mode) =>
      Object.entries(this.section(mode)).flatMap(([type, byId]) =>
        Object.entries(byId as JsonObject).map(([id, block]) => {
          const attributes = Object.fromEntries(Object.entries(block as JsonObject).filter(([key]) => key !== "//"));
          return { mode, type, id, address: `${mode === "resource" ? "" : `${mode}.`}${type}.${id}`, attributes };
        }),
      ),
    );
  }

  /** Blocks of a type, in the order of their ids. */
  all(type: string, mode: BlockMode = "resource"): readonly Block[] {
    return this.blocks.filter((block) => block.mode === mode && block.type === type);
  }

  /** The block of the element at a construct path such as `Network/ClusterSubnet`. */
  block(type: string, path: string, mode: BlockMode = "resource"): Block {
    const id = idOf(path);
    const [found, ...more] = this.all(type, mode).filter((block) => id(block.id));
    if (!found || more.length > 0) {
      throw new RangeError(
        `${found ? "more than one" : "no"} ${mode} ${type} of ${path} in ${this.name}; there are ${this.all(type, mode)
          .map((block) => block.id)
          .join(", ")}`,
      );
    }
    return found;
  }

  /** What a plan asks, of all resources. */
  preconditions(): readonly { readonly address: string; readonly condition: string; readonly message: string }[] {
    return this.blocks.flatMap(({ address, attributes: { lifecycle } }) => {
      const asked = isObject(lifecycle) ? ((lifecycle.precondition ?? []) as readonly JsonObject[]) : [];
      return asked.map(({ condition, error_message }) => ({
        address,
        condition: plain(condition),
        message: plain(error_message),
      }));
    });
  }

  /** Arguments of a resource, by the construct path of its element. */
  resource(type: string, path: string): JsonObject {
    return this.block(type, path).attributes;
  }

  /** Reference to a resource, or to an attribute of it, as arguments have it. */
  reference(type: string, path: string, attribute?: string): string {
    const { address } = this.block(type, path);
    return attribute === undefined ? address : `\${${address}.${attribute}}`;
  }

  ephemeral(type: string, path: string): JsonObject {
    return this.block(type, path, "ephemeral").attributes;
  }

  variable(name: string): JsonObject {
    return this.member("variable", name);
  }

  output(name: string): JsonObject {
    return this.member("output", name);
  }

  local(id: string): Json {
    const value = this.section("locals")[id];
    if (value === undefined) {
      throw new RangeError(
        `no local ${id} in ${this.name}; there are ${Object.keys(this.section("locals")).join(", ")}`,
      );
    }
    return value;
  }

  section(name: string): JsonObject {
    const section = this.json[name];
    return isObject(section) ? section : {};
  }

  private member(section: string, name: string): JsonObject {
    const found = this.section(section)[name];
    if (!isObject(found)) {
      throw new RangeError(
        `no ${section} ${name} in ${this.name}; there are ${Object.keys(this.section(section)).join(", ")}`,
      );
    }
    return found;
  }
}

/** Whether an id is the one that CDKTF makes of a construct path: the path's hash is in it, unless it has one part only. */
function idOf(path: string): (id: string) => boolean {
  if (!path.includes("/")) {
    return (id) => id === path;
  }
  const hash = createHash("md5").update(path).digest("hex").slice(0, 8).toUpperCase();
  return (id) => id.endsWith(`_${hash}`);
}

/** Synthesizes constructs in a stack of their own. No file is written. */
export function synthesizeInStack(build: (stack: TerraformStack) => void): SynthesizedStack {
  // An app makes its folder when it is missing, so it gets one that exists.
  const stack = new TerraformStack(new App({ outdir: tmpdir(), stackTraces: false }), "test");
  return withoutCallStacks(() => {
    build(stack);
    stack.prepareStack();
    return new SynthesizedStack("test", JSON.parse(JSON.stringify(stack.toTerraform())) as JsonObject);
  });
}

/** The kind of a bootstrap job: its name without the suffix that the API server makes. */
export function kindOfJob(attributes: JsonObject): string {
  return plain(at(attributes, "metadata.generate_name")).replace(/-$/, "");
}
