import { podText } from "../../../constructs/kubernetes/pod-text";
import { synthesizeEnvironment } from "../../helpers/environments";
import { objects } from "../../helpers/json";
import { environmentOf } from "../../helpers/settings";

/** The kubelet's expansion (kubernetes, third_party/forked/golang/expansion), in a container that has the variables. */
function expanded(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\)|)/g, (match, next: string, name: string) =>
    next === "$" ? "$" : next === "" ? match : (variables[name] ?? match),
  );
}

const VARIABLES = { ADMIN_PASSWORD: "top secret" };

test.each([
  "$(ADMIN_PASSWORD)",
  "$$(ADMIN_PASSWORD)",
  "$$$(ADMIN_PASSWORD)",
  "a$b",
  "a$$b",
  "$",
  "$$",
  "x$(",
  "$(UNKNOWN)",
  "$($(ADMIN_PASSWORD))",
  "plain",
])("the kubelet leaves %s as it is", (text) => {
  expect(expanded(podText(text), VARIABLES)).toBe(text);
});

test("Terraform's references stay references", () => {
  expect(podText("https://${local.host}/$(X)/${TfToken[TOKEN.1]}")).toBe(
    "https://${local.host}/$$(X)/${TfToken[TOKEN.1]}",
  );
  expect(podText("$${literal}")).toBe("$${literal}");
});

test("a name that looks like a variable reaches Airflow as it was given, and no variable of any pod is expanded", () => {
  const names = { firstName: "$(ADMIN_PASSWORD)", lastName: "Cash$$ $(GITHUB_TOKEN)" };
  const { workload } = synthesizeEnvironment(environmentOf("demo", { airflow: { admin: names } }));
  const containers = objects(workload.json, (one) => "image" in one && ("env" in one || "command" in one));
  const strings = containers
    .flatMap(({ object: { env = [], command = [], args = [] } }) =>
      [...objects(env, (one) => "value" in one).map(({ object }) => object.value), command, args].flat(2),
    )
    .filter((one) => typeof one === "string");
  expect(strings.length).toBeGreaterThan(50);
  expect(
    strings.filter((one) => expanded(one.replace(/\$\{[^}]*\}/g, ""), VARIABLES).includes(VARIABLES.ADMIN_PASSWORD)),
  ).toEqual([]);
  expect(strings.map((one) => expanded(one, VARIABLES))).toEqual(expect.arrayContaining(Object.values(names)));
});
