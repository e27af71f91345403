import { type SynthesizedEnvironment, synthesizeEnvironment } from "../helpers/environments";
import { listing } from "../helpers/listing";
import { projectEnvironment } from "../helpers/settings";

/**
 * The three stacks of the demo environment, for a reviewer: what a change of the code does to them. Scripts and Helm values
 * stand here by their hash only; they have tests of their own.
 */
expect.addSnapshotSerializer({ test: (value) => typeof value === "string", serialize: (value) => String(value) });

let demo: SynthesizedEnvironment;
beforeAll(() => {
  demo = synthesizeEnvironment(projectEnvironment("demo"));
});

test.each(["infra", "clusterConfig", "workload"] as const)("demo: %s", (stack) => {
  expect(listing(demo[stack])).toMatchSnapshot();
});
