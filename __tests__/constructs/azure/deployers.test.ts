import { Deployers, DeployerRole } from "../../../constructs/azure/deployers";
import type { Requirement } from "../../../constructs/terraform/deployment-guard";
import { parsePrincipal } from "../../../settings/principals";
import { type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";

const A = "aaaaaaaa-0000-4000-a000-000000000001";
const B = "bbbbbbbb-0000-4000-a000-000000000002";

function deployersOf(...listed: readonly string[]): {
  readonly stack: SynthesizedStack;
  readonly requirements: readonly Requirement[];
} {
  let requirements: readonly Requirement[] = [];
  const stack = synthesizeInStack((scope) => {
    const deployers = new Deployers(scope, "Deployers", { listed: listed.map(parsePrincipal), currentObjectId: "me" });
    const roles = Object.entries(deployers.all).map(
      ([id, deployer]) => new DeployerRole(scope, id, { scope: "group", roleDefinitionName: "Officer", deployer }),
    );
    requirements = deployers.requirements(roles);
  });
  return { stack, requirements };
}
const role = (stack: SynthesizedStack, id: string) => stack.resource("azurerm_role_assignment", id);

test("the first deployer without a list is recorded; with one, that there is none", () => {
  const record = (stack: SynthesizedStack) => stack.resource("terraform_data", "FirstDeployer");
  expect(record(deployersOf().stack)).toEqual({
    count: 1,
    input: { objectId: "me", made: "${plantimestamp()}" },
    lifecycle: { ignore_changes: ["input"] },
  });
  expect(record(deployersOf(A).stack)).toEqual({
    count: 1,
    input: { objectId: "", made: "${plantimestamp()}" },
    lifecycle: { ignore_changes: ["input"] },
  });
});

test("the first deployer has the role, whatever the list says", () => {
  for (const { stack } of [deployersOf(), deployersOf(A)]) {
    expect(role(stack, "FirstDeployer")).toEqual({
      count: '${try(terraform_data.FirstDeployer[0].input.objectId, "") != "" ? 1 : 0}',
      scope: "group",
      role_definition_name: "Officer",
      principal_id: '${try(terraform_data.FirstDeployer[0].input.objectId, "")}',
      lifecycle: { ignore_changes: ["principal_type"] },
    });
  }
});

test("the first deployer, listed, has no second assignment of the role", () => {
  expect(role(deployersOf(A.toUpperCase()).stack, A)).toMatchObject({
    count: `\${lower(try(terraform_data.FirstDeployer[0].input.objectId, "")) != "${A}" ? 1 : 0}`,
    principal_id: A,
  });
});

test("a type goes with the assignment, and one that is said later does not replace it", () => {
  const { stack } = deployersOf(A, `Group:${B}`);
  expect(role(stack, A)).not.toHaveProperty("principal_type");
  expect(role(stack, B)).toMatchObject({
    principal_id: B,
    principal_type: "Group",
    lifecycle: { ignore_changes: ["principal_type"] },
  });
});

test("no list is enough only where somebody was recorded at the first deployment", () => {
  const { stack, requirements } = deployersOf();
  expect(requirements).toEqual([
    {
      condition:
        'length(terraform_data.FirstDeployer) == 0 || try(terraform_data.FirstDeployer[0].input.objectId, "") != ""',
      errorMessage: expect.stringContaining("access.deployers is empty") as string,
    },
    // A deployment of a list, made before there was a record: the present deployer is not the first.
    {
      condition: '!(try(terraform_data.FirstDeployer[0].input.made, "") == plantimestamp())',
      onlyLater: true,
      errorMessage: expect.stringContaining("access.deployers is empty") as string,
    },
  ]);
  expect(stack.all("terraform_data").map(({ id }) => id)).toEqual(["FirstDeployer"]);
});

test("without a recorded one, somebody of an earlier list stays", () => {
  const { stack, requirements } = deployersOf(A, B);
  const known = stack.block("terraform_data", "Deployers/Known");
  const knew = (name: string) => `try(${known.address}["${name}"].input, plantimestamp()) != plantimestamp()`;
  expect(requirements.map(({ condition }) => condition)).toEqual([
    `try(terraform_data.FirstDeployer[0].input.objectId, "") != "" || !(${knew("list")}) || anytrue([${knew(A)}, ${knew(B)}])`,
  ]);
  // Remembered when they have their roles, and not before.
  expect(known.attributes.depends_on).toEqual(["FirstDeployer", A, B].map((id) => `azurerm_role_assignment.${id}`));
});
