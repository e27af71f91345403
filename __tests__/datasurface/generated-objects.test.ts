import { knownDifferences } from "../../datasurface/generated-objects";
import { dataSurfaceNames, DEMO_MODEL } from "../../datasurface/names";

test("every difference that is meant has a reason, and is of one object, or of what it says exactly", () => {
  const known = knownDifferences(dataSurfaceNames(DEMO_MODEL));
  expect(known.filter(({ reason }) => !/^[A-Z].{10,}\.$/.test(reason))).toEqual([]);
  // One that stands for any object or field, whatever is generated, would hide what comes with another release.
  expect(
    known.filter(
      ({ subject, field, generated }) => field.includes("*") || (subject.includes("*") && generated === undefined),
    ),
  ).toEqual([]);
});

test("follows the model's names", () => {
  const subjects = knownDifferences(dataSurfaceNames({ ...DEMO_MODEL, psp: "Acme_PSP" })).map(({ subject }) => subject);
  expect(subjects).toContain("Deployment acme-psp-mcp-server");
  expect(subjects.filter((subject) => subject.includes("demo"))).toEqual([]);
});

test("a credential of a data source, which no generated job has, is meant; one that the generator gives another value is not", () => {
  const known = knownDifferences(
    dataSurfaceNames(DEMO_MODEL, [{ name: "Crm_Source", type: "USER_PASSWORD", revision: 1 }]),
  ).filter(({ field }) => field.startsWith("variable "));
  expect(known).toEqual([
    { subject: "Job *", field: "variable crm-source_*", generated: "", reason: expect.any(String) as string },
  ]);
});
