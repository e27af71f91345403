import type { JobVariable } from "../constructs/kubernetes/bootstrap-job";
import { MCP_SERVER, SECRETS } from "../constructs/kubernetes/object-names";
import type { ReleaseLine } from "./releases";

/**
 * Commands and environment of DataSurface's own pods, as its generator emits them (docs/facts.md#generated-objects,
 * docs/facts.md#generated-jobs): names and literals are the vendor's demo model's.
 */
export const PLATFORM = { psp: "Demo_PSP", runtimeEnvironment: "demo", branch: "main", gitCredential: "git" } as const;

export const GIT_CACHE_PATH = "/cache/git-cache";
export const WORKSPACE_PATH = "/workspace";

export interface ModelSource {
  readonly release: ReleaseLine;
  /** `owner/name`. */
  readonly modelRepository: string;
}

function gitArguments({ release, modelRepository }: ModelSource): readonly string[] {
  const [owner = "", name = ""] = modelRepository.split("/");
  return [
    "--git-repo-path",
    GIT_CACHE_PATH,
    ...(release.gitRepoTypeFlags ? ["--git-repo-type", "github", "--git-repo-url", "https://github.com"] : []),
    "--git-repo-owner",
    owner,
    "--git-repo-name",
    name,
    "--git-repo-branch",
    PLATFORM.branch,
    "--git-platform-repo-credential-name",
    PLATFORM.gitCredential,
    "--rte-name",
    PLATFORM.runtimeEnvironment,
    "--use-git-cache",
    "--max-cache-age-minutes",
    "5",
  ];
}

const OUTPUT = ["--output", `${WORKSPACE_PATH}/generated_artifacts`, "--psp", PLATFORM.psp];

export function ring1Command(source: ModelSource): readonly string[] {
  return ["python", "-m", source.release.cliModule, "generatePlatformBootstrap", "--ringLevel", "1", ...gitArguments(source), ...OUTPUT];
}

export function modelMergeCommand(source: ModelSource): readonly string[] {
  return ["python", "-m", source.release.cliModule, "handleModelMerge", ...gitArguments(source), ...OUTPUT];
}

export function reconcileViewsCommand(source: ModelSource): readonly string[] {
  return ["python", "-m", source.release.reconcileModule, "--psp", PLATFORM.psp, ...gitArguments(source)];
}

/** @param namespace - text or reference; part of the names by which clients may call the server */
export function mcpServerArguments(source: ModelSource, namespace: string): readonly string[] {
  const address = (suffix: string): string => `${MCP_SERVER.service}${suffix}:${MCP_SERVER.port}`;
  const hosts = [address(""), address(`.${namespace}.svc`), address(`.${namespace}.svc.cluster.local`)];
  return [
    ...gitArguments(source),
    "--refresh-interval",
    "300",
    "--transport",
    "sse",
    ...(source.release.mcpHostFlags ? ["--host", "0.0.0.0", "--port", String(MCP_SERVER.port), ...hosts.flatMap((host) => ["--allowed-host", host])] : []),
  ];
}

/** Environment of the jobs that load the model and write to the merge database. */
export const MODEL_JOB_ENVIRONMENT: Readonly<Record<string, JobVariable>> = {
  PYTHONPATH: "/app/src",
  git_TYPE: "API_TOKEN",
  git_TOKEN: { secret: SECRETS.git.name, key: "TOKEN" },
  "sqlserver-demo-merge_TYPE": "USER_PASSWORD",
  "sqlserver-demo-merge_USER": { secret: SECRETS.mergeDatabase.name, key: "USER" },
  "sqlserver-demo-merge_PASSWORD": { secret: SECRETS.mergeDatabase.name, key: "PASSWORD" },
};
