import { DEMO_DAGS } from "./names";

/**
 * The catalogue of DataSurface releases: one row for each release line, everything else asks it.
 * Source of every row: docs/facts.md#release-lines
 */

/** Where the generated DAGs read their credentials. */
export type CredentialSource = "key-vault" | "kubernetes";

/** A line of DataSurface releases that behave alike. */
export interface ReleaseLine {
  /** How the line is called in messages, for example `1.3.x`. */
  readonly line: string;
  /** Whether a version belongs to the line. `version` is without suffix. */
  readonly covers: (version: SemanticVersion) => boolean;
  /** Python module with the bootstrap command. */
  readonly cliModule: "datasurface.cmd.platform" | "datasurface.entrypoints.platform";
  /** Python module that reconciles the workspace views. */
  readonly reconcileModule: string;
  /** Python module that checks a pull request of the model: the CI workflow beside the model runs it. Inferred for 1.4 (docs/facts.md#release-lines). */
  readonly checkModule: string;
  /** Airflow's version in the image; the chart decides by it what it renders. */
  readonly airflowVersion: string;
  /** Modules that the generated DAGs import beside Airflow's own: the image must have them. */
  readonly dagModules: readonly string[];
  /** Tag of the vendor's Airflow image. */
  readonly airflowImageTag: string;
  readonly credentialSource: CredentialSource;
  /** Whether DAGs keep the pods of failed tasks. */
  readonly failedPodsStay: boolean;
  /** Whether the line has a model-merge job; later ones merge in the infrastructure DAG only. */
  readonly modelMergeJob: boolean;
  /** Whether jobs take `--git-repo-type` and `--git-repo-url`. */
  readonly gitRepoTypeFlags: boolean;
  /** Whether the MCP server takes `--host`, `--port` and `--allowed-host` (its guard against DNS rebinding). */
  readonly mcpHostFlags: boolean;
  /** Commit of the vendor's demo model, datasurface/demo1, that was written for the line: the template of an empty MODEL_REPO. */
  readonly modelTemplateRef: string;
  /**
   * What the runtime environment's constructor in rte_azure.py must have: `keyword=literal`, or `!keyword` for one that the
   * line does not know.
   */
  readonly runtimeEnvironmentArguments: readonly string[];
  /** Whether the objects that the generator makes were seen: one that nothing here stands for is an error then, else a warning. */
  readonly generatedObjectsSeen: boolean;
  /** DAGs that the template, deployed with this line, was seen to have beside the infrastructure DAG: each its id, or alternative ids of which one is enough. */
  readonly templateDags: readonly (string | readonly string[])[];
}

export type SemanticVersion = readonly [major: number, minor: number, patch: number];

const FIRST_GENERATION = {
  cliModule: "datasurface.cmd.platform",
  reconcileModule: "datasurface.platforms.yellow.reconcile_workspace_views",
  checkModule: "datasurface.handler.action",
  credentialSource: "key-vault",
  failedPodsStay: true,
  dagModules: ["pyodbc", "azure.identity", "azure.keyvault.secrets"],
  modelMergeJob: true,
  mcpHostFlags: false,
  runtimeEnvironmentArguments: ["!externalSecretProvider"],
  templateDags: DEMO_DAGS,
} as const satisfies Partial<ReleaseLine>;

/** The vendor's public demo model. */
export const DEMO_MODEL_REPOSITORY = "datasurface/demo1";

/** Commits of it: the walkthrough's, the one of 1.3.7, and the one of 1.8.4. */
const DEMO1 = {
  walkthrough: "02b69680baae43b1c1d9eedf4090e6ea1796cacb",
  v137: "e0ce4536568719bc9b31d6781218e4fe829aa854",
  v184: "b52707e7521a65379b6bd56522d0a107d4947ee0",
} as const;

/** Oldest line first. */
export const RELEASE_LINES: readonly ReleaseLine[] = [
  {
    ...FIRST_GENERATION,
    line: "1.1.0",
    generatedObjectsSeen: false,
    covers: ([major, minor, patch]) => major === 1 && minor === 1 && patch === 0,
    airflowVersion: "3.1.7",
    airflowImageTag: "3.1.7-azure",
    modelTemplateRef: DEMO1.walkthrough,
    gitRepoTypeFlags: false,
  },
  {
    ...FIRST_GENERATION,
    line: "1.3.x",
    generatedObjectsSeen: true,
    covers: ([major, minor]) => major === 1 && minor === 3,
    airflowVersion: "3.1.8",
    airflowImageTag: "3.1.8-azure",
    modelTemplateRef: DEMO1.v137,
    gitRepoTypeFlags: true,
  },
  {
    ...FIRST_GENERATION,
    line: "1.4.x (1.4.27 and later)",
    generatedObjectsSeen: true,
    covers: ([major, minor, patch]) => major === 1 && minor === 4 && patch >= 27,
    airflowVersion: "3.2.2",
    airflowImageTag: "3.2.2-azure-sf",
    modelTemplateRef: DEMO1.v137,
    gitRepoTypeFlags: true,
    credentialSource: "kubernetes",
    // Until 1.4.38.
    failedPodsStay: true,
    dagModules: ["pyodbc"],
    mcpHostFlags: true,
    runtimeEnvironmentArguments: ["externalSecretProvider=None"],
    templateDags: [],
  },
  {
    line: "1.8.4",
    generatedObjectsSeen: false,
    covers: ([major, minor, patch]) => major === 1 && minor === 8 && patch === 4,
    cliModule: "datasurface.entrypoints.platform",
    reconcileModule: "datasurface.entrypoints.reconcile_workspace_views",
    checkModule: "datasurface.entrypoints.action",
    airflowVersion: "3.3.0",
    airflowImageTag: "3.3.0-azure-supported-merge-drivers-20260714",
    modelTemplateRef: DEMO1.v184,
    credentialSource: "kubernetes",
    failedPodsStay: false,
    dagModules: ["pyodbc"],
    modelMergeJob: false,
    gitRepoTypeFlags: true,
    mcpHostFlags: true,
    runtimeEnvironmentArguments: ["externalSecretProvider=None"],
    templateDags: [],
  },
];

/** The versions that a setting may name, for messages. */
export const KNOWN_LINES = RELEASE_LINES.map(({ line }) => line).join(", ");

/** Splits `N.N.N`, with or without the suffix of an image's tag (`1.4.65-azsf-fix6`); `undefined` when the text has another form. */
export function parseVersion(version: string): SemanticVersion | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-[A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)*)?$/.exec(version);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

/** The line that a version belongs to; `undefined` when none covers it. */
export function findReleaseLine(version: string): ReleaseLine | undefined {
  const parsed = parseVersion(version);
  return parsed && RELEASE_LINES.find((line) => line.covers(parsed));
}

/**
 * The line that a version belongs to.
 * @throws RangeError when no line covers it; settings refuse such a version before anything asks for its line.
 */
export function releaseLine(version: string): ReleaseLine {
  const line = findReleaseLine(version);
  if (!line) {
    throw new RangeError(`DataSurface ${version} is in no line of the catalogue: ${KNOWN_LINES}`);
  }
  return line;
}
