import { readFileSync } from "node:fs";
import type { Processes } from "../../rehearsal/processes";
import { errorLines } from "../../rehearsal/progress";
import { changesIn } from "../../rehearsal/records";
import { formsIn, leakPattern } from "./leak-patterns";
import type { PointProps } from "./point";
import { disagreements, rootValues } from "./reached";
import type { Rig, Synthesis, SynthesisProps } from "./rig";
import { type Run, type Site, succeeded } from "./site";

type Variables = Readonly<Record<string, string | undefined>>;

const [GIT_HUB, GIT_READ, GIT_LAB] = [
  "TF_VAR_github_token",
  "TF_VAR_github_read_token",
  "TF_VAR_gitlab_customer_token",
] as const;
const NO_TOKENS: Variables = { [GIT_HUB]: undefined, [GIT_READ]: undefined, [GIT_LAB]: undefined };
const MARK = "Xq7AnotherValueXq7";
const NEW_TOKENS: Variables = { [GIT_HUB]: `github"'%<>&${MARK}`, [GIT_LAB]: `gitlab"'%<>&${MARK}` };
const PASSWORD = `A"1'%<>& ${MARK}`;

/** Which family's number writes the value of a variable. */
const REVISIONS: Readonly<Record<string, string>> = {
  [GIT_HUB]: "revisions.tokens",
  [GIT_READ]: "revisions.tokens",
  [GIT_LAB]: "revisions.tokens",
  TF_VAR_pg_admin_password: "revisions.databasePasswords",
  TF_VAR_sql_admin_password: "revisions.databasePasswords",
  TF_VAR_airflow_admin_password: "revisions.airflowKeys",
};

/** When a plan asks for a variable, and when it refuses a value. Every environment has the same rules. */
export async function given({ rig, suite, deployments, environments: [environment] }: PointProps): Promise<void> {
  const [deployed] = environment === undefined ? [] : await deployments.of([environment]);
  if (environment === undefined || deployed === undefined) {
    return;
  }
  const running = deployed.before["cluster-config"];
  const raised: SynthesisProps = {
    environment,
    change: (settings) => Object.assign(settings, { protection: false, revisions: { tokens: 2 } }),
  };
  const onRunning =
    (check: (site: Site, processes: Processes) => Promise<readonly string[]>) => async (processes: Processes) =>
      checked(running.fork(), check, processes);
  await suite.all([
    {
      name: "no variable: a first deployment is refused at once, one that broke asks for what is missing, -refresh-only asks for nothing",
      run: (processes) => checked(deployed.before.infra.fork(), firstDeployment, processes),
    },
    {
      name: "no variable: a run narrowed to one secret writes nothing, at first, after a kill and with another number",
      run: (processes) =>
        checked(
          deployed.before.infra.fork(),
          async (site) => narrowed(site, await rig.synthesize(raised, processes), processes),
          processes,
        ),
    },
    {
      name: "no variable: nothing changes on a running environment",
      run: onRunning(async (site, processes) => site.plannedChanges(processes, ["infra"], { env: NO_TOKENS })),
    },
    {
      name: "another token: refused, until its number is raised",
      run: onRunning(async (site, processes) =>
        correctedToken(site, await rig.synthesize(raised, processes), processes),
      ),
    },
    {
      name: "another token after a kill between the vault and Terraform's record: refused in the apply",
      run: onRunning(killedBeforeTheRecord),
    },
    {
      name: "a read token on a running environment: asked for alone, kept, renewed with its family, and taken away again",
      run: onRunning(async (site, processes) => readToken(site, rig, environment, processes)),
    },
    { name: "another password: refused; the vault's own passes", run: onRunning(passwords) },
    { name: "a token that the vault is to get anew is asked for", run: onRunning(replacedSecret) },
  ]);
}

async function checked(
  site: Site,
  check: (site: Site, processes: Processes) => Promise<readonly string[]>,
  processes: Processes,
): Promise<readonly string[]> {
  const problems = [...(await check(site, processes))];
  const secret = leakPattern("a given value", NEW_TOKENS[GIT_HUB] ?? "", MARK);
  for (const file of [site.log, site.stateFile("infra")]) {
    problems.push(
      ...formsIn(readFileSync(file, "latin1"), secret).map((form) => `${file} shows a given value (${form})`),
    );
  }
  site.remove();
  return problems;
}

async function firstDeployment(site: Site, processes: Processes): Promise<readonly string[]> {
  const problems = [
    ...(await refreshed(site, processes)),
    ...asks(await apply(site, processes, NO_TOKENS), [GIT_HUB, GIT_LAB]),
  ];
  problems.push(...site.objects().map(({ type, id }) => `made before the refusal: ${type} ${id}`));

  const broken = await site.apply(processes, "infra", {
    fail: "azurerm_key_vault_secret[gitlab-customer-token]:create:1,azurerm_key_vault_secret[sql-admin-password]:create:1",
  });
  const stored = rootValues(site.objects());
  problems.push(
    ...(broken.succeeded || stored.has("gitLab") || !stored.has("gitHub")
      ? ["the first deployment did not break with half of the secrets stored"]
      : []),
  );
  problems.push(...asks(await apply(site, processes, NO_TOKENS), [GIT_LAB]));
  problems.push(...refuses(await apply(site, processes, NEW_TOKENS), [GIT_HUB]));

  await site.deploy(processes, ["infra"]);
  problems.push(
    ...other(stored, site),
    ...(await site.plannedChanges(processes, ["infra"], { env: NO_TOKENS })),
    ...(await refreshed(site, processes)),
  );
  return problems;
}

/** A plan that only looks: what a version adds is in no state then, and Terraform plans nothing for it. */
async function refreshed(site: Site, processes: Processes): Promise<readonly string[]> {
  const { succeeded: ended, output } = await site.terraform(
    processes,
    "infra",
    ["plan", "-refresh-only", "-input=false", "-no-color"],
    { env: NO_TOKENS },
  );
  return ended ? [] : ["plan -refresh-only fails", ...errorLines(output)];
}

async function narrowed(site: Site, raised: Synthesis, processes: Processes): Promise<readonly string[]> {
  const run = async (env: Variables, fail?: string): Promise<Run> => {
    const [secret] = /RootSecrets_GitHub_Secret_\w+/.exec(site.source("infra")) ?? [];
    return site.terraform(
      processes,
      "infra",
      ["apply", `-target=azurerm_key_vault_secret.${secret ?? ""}`, "-auto-approve", "-input=false", "-no-color"],
      { env, fail },
    );
  };
  const stored = (): string => [...rootValues(site.objects()).keys()].sort().join();

  const problems = [...asks(await run(NO_TOKENS), [GIT_HUB])];
  await run({}, "azurerm_key_vault_secret[github-token]:create:1");
  const afterKill = await run(NO_TOKENS);
  problems.push(
    ...(afterKill.succeeded ? ["a run over a broken one is not refused"] : []),
    ...(stored() === "" ? [] : [`the vault holds ${stored()}`]),
  );
  succeeded(await run({}), "the run with a token");
  problems.push(...(stored() === "gitHub" ? [] : [`the vault holds ${stored()}`]));
  succeeded(await run(NO_TOKENS), "a run over a stored token");
  site.use(raised);
  return [...problems, ...asks(await run(NO_TOKENS), [GIT_HUB])];
}

async function correctedToken(site: Site, raised: Synthesis, processes: Processes): Promise<readonly string[]> {
  const problems = [...refuses(await apply(site, processes, NEW_TOKENS), [GIT_HUB, GIT_LAB])];
  site.use(raised);
  problems.push(...asks(await apply(site, processes, NO_TOKENS), [GIT_HUB, GIT_LAB]));

  const broken = await site.apply(processes, "infra", {
    env: NEW_TOKENS,
    fail: "azurerm_key_vault_secret[gitlab-customer-token]:update:1",
  });
  problems.push(...(broken.succeeded ? ["the raise did not break"] : []));
  problems.push(...asks(await apply(site, processes, NO_TOKENS), [GIT_LAB]));
  await site.deploy(processes, ["infra"], { env: NEW_TOKENS });

  const now = rootValues(site.objects());
  problems.push(
    ...(now.get("gitHub") === NEW_TOKENS[GIT_HUB] && now.get("gitLab") === NEW_TOKENS[GIT_LAB]
      ? []
      : ["the vault does not hold the new tokens"]),
  );
  problems.push(
    ...(await site.plannedChanges(processes, ["infra"], { env: NO_TOKENS })),
    ...(await site.plannedChanges(processes, ["infra"], { env: NEW_TOKENS })),
  );
  return problems;
}

async function killedBeforeTheRecord(site: Site, processes: Processes): Promise<readonly string[]> {
  const record = address(site, /_GitHubGiven_Written_/);
  succeeded(await site.terraform(processes, "infra", ["state", "rm", record]), "state rm");
  const stored = rootValues(site.objects());
  const env = { [GIT_HUB]: NEW_TOKENS[GIT_HUB] };
  // The plan cannot know whether the vault gets the value.
  succeeded(await site.terraform(processes, "infra", ["plan", "-input=false", "-no-color"], { env }), "plan");
  return [
    ...refuses(await apply(site, processes, env), [GIT_HUB]),
    ...refuses(await apply(site, processes, env), [GIT_HUB]),
    ...other(stored, site),
  ];
}

async function readToken(site: Site, rig: Rig, environment: string, processes: Processes): Promise<readonly string[]> {
  const synthesis = async (gitHubReadToken: boolean, tokens = 1): Promise<Synthesis> =>
    rig.synthesize(
      {
        environment,
        change: (settings) =>
          Object.assign(settings, {
            protection: true,
            revisions: { tokens },
            datasurface: { ...settings.datasurface, gitHubReadToken },
          }),
      },
      processes,
    );
  const stacks = ["infra", "cluster-config"] as const;
  const read = { ...NO_TOKENS, [GIT_READ]: NEW_TOKENS[GIT_HUB] };
  const before = rootValues(site.objects());
  const problems: string[] = [];

  site.use(await synthesis(true));
  problems.push(...asks(await apply(site, processes, NO_TOKENS), [GIT_READ]));
  await site.deploy(processes, stacks, { env: read });
  problems.push(...disagreements(site.objects(), site.environment.settings), ...other(before, site));
  problems.push(
    ...(rootValues(site.objects()).get("gitHubRead") === NEW_TOKENS[GIT_HUB]
      ? []
      : ["the vault does not hold the read token"]),
  );
  problems.push(...(await site.plannedChanges(processes, stacks, { env: NO_TOKENS })));

  site.use(await synthesis(true, 2));
  problems.push(...asks(await apply(site, processes, NO_TOKENS), [GIT_HUB, GIT_READ, GIT_LAB]));

  site.use(await synthesis(false));
  await site.deploy(processes, stacks, { env: NO_TOKENS });
  problems.push(...disagreements(site.objects(), site.environment.settings), ...other(before, site));
  return [
    ...problems,
    ...(rootValues(site.objects()).has("gitHubRead") ? ["the vault still holds the read token"] : []),
  ];
}

async function passwords(site: Site, processes: Processes): Promise<readonly string[]> {
  const names = Object.keys(REVISIONS).filter((name) => name.endsWith("_password"));
  const stored = rootValues(site.objects());
  const own = {
    TF_VAR_pg_admin_password: stored.get("postgresql"),
    TF_VAR_sql_admin_password: stored.get("sql"),
    TF_VAR_airflow_admin_password: stored.get("airflowAdmin"),
  };
  return [
    ...refuses(
      await apply(site, processes, { ...NO_TOKENS, ...Object.fromEntries(names.map((name) => [name, PASSWORD])) }),
      names,
    ),
    ...(await site.plannedChanges(processes, ["infra"], { env: { ...NO_TOKENS, ...own } })),
  ];
}

async function replacedSecret(site: Site, processes: Processes): Promise<readonly string[]> {
  const secret = address(site, /^azurerm_key_vault_secret\.RootSecrets_GitLab_Secret_/);
  return asks(
    await site.terraform(
      processes,
      "infra",
      ["apply", `-replace=${secret}`, "-auto-approve", "-input=false", "-no-color"],
      { env: NO_TOKENS },
    ),
    [GIT_LAB],
  );
}

async function apply(site: Site, processes: Processes, env: Variables): Promise<Run> {
  return site.apply(processes, "infra", { env });
}

function address(site: Site, pattern: RegExp): string {
  return (
    site.state("infra").instances.find((one) => pattern.test(one.address))?.address ??
    `nothing is like ${String(pattern)}`
  );
}

/** The variables that are asked for, and no others. */
function asks(run: Run, names: readonly string[]): readonly string[] {
  return refused(run, "is asked for", names, (name) => `${name} is not set.`);
}

/** The variables whose value is refused, each with its number's name, and no others. */
function refuses(run: Run, names: readonly string[]): readonly string[] {
  return refused(
    run,
    "is refused with its number's name",
    names,
    (name) => `${name} is not what the vault holds in`,
    (name) => `raise ${REVISIONS[name] ?? ""} (now `,
  );
}

function refused(
  run: Run,
  what: string,
  names: readonly string[],
  ...says: readonly ((name: string) => string)[]
): readonly string[] {
  const messages = run.output.replace(/[\s│]+/g, " ").split("Error: ");
  const found = Object.keys(REVISIONS).filter((name) =>
    messages.some((message) => says.every((text) => message.includes(text(name)))),
  );
  return [
    ...(run.succeeded ? [`the run with ${names.join(", ")} is not refused`] : []),
    ...Object.keys(REVISIONS)
      .filter((name) => found.includes(name) !== names.includes(name))
      .map((name) => `${name} ${what}: ${found.includes(name) ? "unexpectedly" : "it is not"}`),
    ...changesIn(run.journal).map(({ action, type, id }) => `changed in spite of the refusal: ${action} ${type} ${id}`),
  ];
}

function other(before: ReadonlyMap<string, string>, site: Site): readonly string[] {
  const now = new Map<string, string>(rootValues(site.objects()));
  return [...before]
    .filter(([root, value]) => now.get(root) !== value)
    .map(([root]) => `the vault has another ${root}`);
}
