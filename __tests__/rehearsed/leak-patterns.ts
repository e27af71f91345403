import { inflateRawSync } from "node:zlib";

/** A text that must not be anywhere, in every form in which a program may have written it. */
export interface LeakPattern {
  /** How messages call it; never the secret itself. */
  readonly name: string;
  readonly forms: readonly { readonly form: string; readonly bytes: string }[];
}

/**
 * @param secret - the whole value
 * @param mark - letters and digits of it that are nowhere else: no encoding by characters (JSON, URL, HTML, shell) changes them
 */
export function leakPattern(name: string, secret: string, mark: string): LeakPattern {
  const forms = new Map<string, string>();
  const add = (form: string, text: string): void => {
    if (text.length >= 6 && ![...forms.values()].includes(text)) {
      forms.set(form, Buffer.from(text, "utf8").toString("latin1"));
    }
  };
  add("raw", secret);
  add("its marked part", mark);
  add("in JSON", JSON.stringify(secret).slice(1, -1));
  add("in JSON as Go writes it", goJson(secret));
  add("in JSON in JSON", JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1));
  add("URL-encoded", encodeURIComponent(secret));
  add("URL-encoded for a form", new URLSearchParams([["", secret]]).toString().slice(1));
  add("in hexadecimal digits", Buffer.from(mark, "utf8").toString("hex"));
  for (const [depth, text] of [
    ["base64", mark],
    ["base64 of the whole", secret],
  ] as const) {
    base64Forms(text).forEach((encoded, offset) => {
      add(`${depth}, at ${offset}`, encoded);
      add(`${depth} for URLs, at ${offset}`, encoded.replaceAll("+", "-").replaceAll("/", "_"));
      base64Forms(encoded).forEach((twice, second) => add(`${depth} twice, at ${offset}.${second}`, twice));
    });
  }
  return { name, forms: [...forms].map(([form, bytes]) => ({ form, bytes })) };
}

/** The characters that a text has in base64 whatever stands before and behind it, for each place in a group of three. */
function base64Forms(text: string): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text, "utf8")])
      .toString("base64")
      .replace(/=+$/, "");
    const before = [0, 2, 3][offset] ?? 0;
    // The last character may hold bits of what comes behind.
    return encoded.slice(before, -1);
  });
}

/** encoding/json escapes these for HTML. */
function goJson(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[<>&]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The forms in which the pattern is in the content, as latin1. */
export function formsIn(content: string, { forms }: LeakPattern): readonly string[] {
  return forms.filter(({ bytes }) => content.includes(bytes)).map(({ form }) => form);
}

/** A file's content; a zip (a saved plan) as its members, each unpacked. */
export function contents(name: string, bytes: Buffer): readonly { readonly name: string; readonly content: string }[] {
  const raw = { name, content: bytes.toString("latin1") };
  return bytes.subarray(0, 4).toString("latin1") === "PK\x03\x04" ? [raw, ...members(name, bytes)] : [raw];
}

function members(name: string, zip: Buffer): readonly { readonly name: string; readonly content: string }[] {
  const out: { name: string; content: string }[] = [];
  const end = zip.lastIndexOf("PK\x05\x06", undefined, "latin1");
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size, nameLength, extra, comment, local] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
      zip.readUInt16LE(at + 32),
      zip.readUInt32LE(at + 42),
    ];
    const member = zip.subarray(at + 46, at + 46 + nameLength).toString("utf8");
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(start, start + size);
    out.push({
      name: `${name}, member ${member}`,
      content: (method === 0 ? packed : inflateRawSync(packed)).toString("latin1"),
    });
    at += 46 + nameLength + extra + comment;
  }
  return out;
}
