import { synthesizeEnvironment } from "../helpers/environments";
import { environmentOf, type SettingsChange } from "../helpers/settings";
import { MADE_UP_INFRA, terraformTest } from "../../stacks/terraform-tests";

const CASES: readonly { readonly what: string; readonly name: string; readonly change: SettingsChange }[] = [
  { what: "demo", name: "demo", change: {} },
  { what: "production", name: "production", change: {} },
  { what: "demo with local-admin", name: "demo", change: { access: { mode: "local-admin" } } },
];

describe.each(CASES)("terraformTest of $what", ({ name, change }) => {
  const environment = environmentOf(name, change);
  const { clusterConfig, workload } = synthesizeEnvironment(environment);
  const written = terraformTest(workload.json, environment);
  const assertions = Object.values(written.run).flatMap(({ assert }) => assert);
  const section = (kind: "data" | "resource"): Readonly<Record<string, Readonly<Record<string, unknown>>>> =>
    (workload.json[kind] ?? {}) as never;

  test("mocks every provider of the stack", () => {
    const { required_providers } = workload.json.terraform as {
      readonly required_providers: Readonly<Record<string, unknown>>;
    };
    expect(Object.keys(written.mock_provider).sort()).toEqual(Object.keys(required_providers).sort());
  });

  test("makes up every data source of the stack", () => {
    const all = Object.entries(section("data")).flatMap(([type, byName]) =>
      Object.keys(byName).map((id) => `data.${type}.${id}`),
    );
    expect(written.override_data.map(({ target }) => target).sort()).toEqual(all.sort());
  });

  test("looks at every job", () => {
    const jobs = Object.keys(section("resource").kubernetes_job_v1 ?? {});
    expect(
      jobs.filter(
        (id) => !assertions.some(({ condition }) => condition.includes(`kubernetes_job_v1.${id}.wait_for_completion`)),
      ),
    ).toEqual([]);
  });

  test("refers to nothing that the stack does not have", () => {
    const known = Object.entries(section("resource")).flatMap(([type, byName]) =>
      Object.keys(byName).map((id) => `${type}.${id}`),
    );
    const named = assertions.flatMap(
      ({ condition }) => condition.match(/(?:helm_release|kubernetes_\w+_v1)\.[A-Za-z0-9_]+/g) ?? [],
    );
    expect(named.filter((address) => !known.includes(address))).toEqual([]);
  });

  test("a stack with ephemeral resources is refused", () => {
    expect(() => terraformTest(clusterConfig.json, environment)).toThrow("cannot mock ephemeral resources");
  });

  test("every condition is an expression, and every message says something", () => {
    expect(
      assertions.filter(
        ({ condition, error_message }) =>
          !/^\$\{.+\}$/s.test(condition) || error_message.length < 10 || error_message.includes("${"),
      ),
    ).toEqual([]);
  });
});

test("no two made-up outputs are alike", () => {
  const values = Object.values(MADE_UP_INFRA).map((value) => JSON.stringify(value));
  expect(new Set(values).size).toBe(values.length);
});
