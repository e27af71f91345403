/**
 * What the tests need of the Airflow chart, as one file of the project: paths, types and allowed values of `values.schema.json`, and the
 * defaults of `values.yaml`. Descriptions are left out, and of programs and templates among the defaults only the SHA-256 is kept.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { parse } from "yaml";
import { AIRFLOW_CHART } from "../../settings/versions";
import { isObject, type Json, type JsonObject, valueAt } from "./json";

export interface ChartRecord {
  /** JSON Schema of the values. */
  readonly schema: JsonObject;
  /** Default of each value; see `comparable`. */
  readonly defaults: JsonObject;
}

/** What a person can put right; shown without a stack trace. */
export class RecordError extends Error {}

/** Keywords that decide whether a value is accepted. */
const RULES = ["$ref", "$schema", "additionalProperties", "anyOf", "enum", "items", "maximum", "minProperties", "minimum", "oneOf", "pattern", "required", "type", "uniqueItems"];
/** Keywords whose members have names of their own, each with a schema. */
const NAMED = ["definitions", "properties"];
/** Keywords that decide nothing: texts, and what Kubernetes' own schemas say about merging. `format` has Kubernetes' own names (int32), which no validator knows. */
const IGNORED = /^(description|default|examples|\$comment|format|x-.*)$/;

function rules(schema: Json, path: string): Json {
  if (Array.isArray(schema)) {
    return (schema as readonly Json[]).map((item, index) => rules(item, `${path}/${index}`));
  }
  if (!isObject(schema)) {
    return schema;
  }
  const kept = Object.entries(schema).flatMap(([keyword, value]): readonly (readonly [string, Json])[] => {
    const place = `${path}/${keyword}`;
    if (NAMED.includes(keyword) && isObject(value)) {
      return [[keyword, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, rules(child, `${place}/${name}`)]))]];
    }
    if (RULES.includes(keyword)) {
      return [[keyword, keyword === "enum" ? value : rules(value, place)]];
    }
    if (IGNORED.test(keyword)) {
      return [];
    }
    throw new RecordError(`values.schema.json, ${place}: the keyword ${keyword} is not known. Add it to RULES in __tests__/chart/record.ts when it decides whether a value is accepted, else to IGNORED.`);
  });
  return Object.fromEntries(kept);
}

/** A value as the record has it: a text of several lines, a long one or a template is its SHA-256. */
export function comparable(value: Json): Json {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map(comparable);
  }
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, comparable(child)]));
  }
  const program = typeof value === "string" && (value.length > 100 || value.includes("\n") || value.includes("{{"));
  return program ? `sha256:${createHash("sha256").update(value).digest("hex")}` : value;
}

/** Record of an unpacked chart. */
export function recordOf(folder: string): ChartRecord {
  const text = (file: string) => {
    const path = join(folder, file);
    if (!existsSync(path)) {
      throw new RecordError(`${path} does not exist: give the folder of the unpacked chart.`);
    }
    return readFileSync(path, "utf8");
  };
  const { version } = parse(text("Chart.yaml")) as { version?: string };
  if (version !== AIRFLOW_CHART.version) {
    throw new RecordError(`${folder} is version ${version ?? "(none)"} and not ${AIRFLOW_CHART.version}, which settings/versions.ts names.`);
  }
  return {
    schema: rules(JSON.parse(text("values.schema.json")) as Json, "#") as JsonObject,
    defaults: comparable(parse(text("values.yaml")) as Json) as JsonObject,
  };
}

/** The project's record of the chart that is deployed. */
export const RECORD_FILE = join(__dirname, `${AIRFLOW_CHART.name}-${AIRFLOW_CHART.version}.json.gz`);

export function packed(record: ChartRecord): Buffer {
  return gzipSync(JSON.stringify(record), { level: 9 });
}

export function readRecord(): ChartRecord {
  if (!existsSync(RECORD_FILE)) {
    throw new RecordError(`${RECORD_FILE} does not exist. Unpack the chart and run: npm run record:chart -- --folder FOLDER`);
  }
  return JSON.parse(gunzipSync(readFileSync(RECORD_FILE)).toString("utf8")) as ChartRecord;
}

/** Keys of the values that the schema does not name although it names the keys of their object; an object without named keys is free. */
export function unknownKeys(schema: JsonObject, values: JsonObject, at: JsonObject = schema, path: readonly string[] = []): readonly string[] {
  const reference = at.$ref;
  if (typeof reference === "string") {
    return unknownKeys(schema, values, valueAt(schema, reference.split("/").slice(1)) as JsonObject, path);
  }
  const named = at.properties;
  if (!isObject(named)) {
    return [];
  }
  return Object.entries(values).flatMap(([key, value]) => {
    const child = named[key];
    const here = [...path, key];
    if (child === undefined) {
      return [here.join(".")];
    }
    return isObject(value) && isObject(child) ? unknownKeys(schema, value, child, here) : [];
  });
}
