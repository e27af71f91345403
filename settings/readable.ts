import { z } from "zod";
import { type Settings, settingsSchema } from "./schema";

/** A field that its own rule refuses was asked for. */
export class Unreadable extends Error {}

const REFUSED = Symbol("refused");

/**
 * The settings as far as they are right, defaults filled in: to ask a field that is refused throws {@link Unreadable}.
 * So the rules between fields are told together with those of single fields.
 */
export function readableSettings(content: unknown): Settings {
  return readable(settingsSchema, content) as Settings;
}

function readable(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    return parsed.data;
  }
  const fields = fieldsOf(schema);
  if (!fields || typeof value !== "object" || value === null || Array.isArray(value)) {
    return REFUSED;
  }
  const result = {};
  for (const [key, field] of Object.entries(fields)) {
    const part = readable(field, (value as Record<string, unknown>)[key]);
    Object.defineProperty(result, key, {
      enumerable: true,
      get: () => {
        if (part === REFUSED) {
          throw new Unreadable(key);
        }
        return part;
      },
    });
  }
  return result;
}

function fieldsOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return fieldsOf(schema.unwrap() as z.ZodType);
  }
  return schema instanceof z.ZodObject ? schema.shape : undefined;
}
