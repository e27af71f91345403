import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AIRFLOW_CHART } from "../../settings/versions";
import { comparable, recordOf } from "./record";

const folder = mkdtempSync(join(tmpdir(), "chart-"));
afterAll(() => rmSync(folder, { recursive: true }));

function chart(schema: object, version: string = AIRFLOW_CHART.version): string {
  writeFileSync(join(folder, "Chart.yaml"), `version: ${version}\n`);
  writeFileSync(join(folder, "values.schema.json"), JSON.stringify(schema));
  writeFileSync(join(folder, "values.yaml"), "# text\na: 1\nscript:\n  - |\n    one\n    two\n");
  return folder;
}

test("paths, types, allowed values and defaults are kept, texts are not", () => {
  const schema = { type: "object", description: "t", properties: { description: { type: "string", enum: ["x"], default: "x", "x-docsSection": "t" } } };
  expect(recordOf(chart(schema))).toEqual({
    schema: { type: "object", properties: { description: { type: "string", enum: ["x"] } } },
    defaults: { a: 1, script: [comparable("one\ntwo\n")] },
  });
  expect(comparable("one\ntwo\n")).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test("a keyword that nobody has judged is refused, so that no rule is lost", () => {
  expect(() => recordOf(chart({ properties: { a: { maxLength: 3 } } }))).toThrow("values.schema.json, #/properties/a/maxLength: the keyword maxLength is not known");
});

test("another version than the deployment's is refused", () => {
  expect(() => recordOf(chart({}, "1.2.3"))).toThrow(/is version 1\.2\.3 and not /);
});
