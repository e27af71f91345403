import {
  BRANCH,
  type CredentialSecret,
  type DataSurfaceNames,
  dataSurfaceNames,
  MCP_PORT,
  type ModelNames,
} from "./names";
import type { ReleaseLine } from "./releases";

/**
 * Commands and environment of DataSurface's own pods, as its generator emits them (docs/facts.md#generated-objects,
 * docs/facts.md#generated-jobs).
 */
export const GIT_CACHE_PATH = "/cache/git-cache";
export const WORKSPACE_PATH = "/workspace";

/** A variable of a container: plain text (references allowed), or a key of a Secret. */
export type JobVariable =
  | string
  | {
      readonly secret: string;
      readonly key: string;
      /** Whether the pod starts without it. @default false */
      readonly optional?: boolean;
    };

export interface ModelSource {
  readonly release: ReleaseLine;
  /** `owner/name`. */
  readonly modelRepository: string;
  readonly model: ModelNames;
}

function gitArguments({ release, modelRepository, model }: ModelSource): readonly string[] {
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
    BRANCH,
    "--git-platform-repo-credential-name",
    model.gitCredential,
    "--rte-name",
    model.runtimeEnvironment,
    "--use-git-cache",
    "--max-cache-age-minutes",
    "5",
  ];
}

function output({ model }: ModelSource): readonly string[] {
  return ["--output", `${WORKSPACE_PATH}/generated_artifacts`, "--psp", model.psp];
}

export function ring1Command(source: ModelSource): readonly string[] {
  return [
    "python",
    "-m",
    source.release.cliModule,
    "generatePlatformBootstrap",
    "--ringLevel",
    "1",
    ...gitArguments(source),
    ...output(source),
  ];
}

export function modelMergeCommand(source: ModelSource): readonly string[] {
  return ["python", "-m", source.release.cliModule, "handleModelMerge", ...gitArguments(source), ...output(source)];
}

export function reconcileViewsCommand(source: ModelSource): readonly string[] {
  return ["python", "-m", source.release.reconcileModule, "--psp", source.model.psp, ...gitArguments(source)];
}

export const MCP_SERVER_COMMAND = ["python", "-m", "datasurface.mcp"] as const;

export function mcpServerEnvironment({
  secrets,
}: Pick<DataSurfaceNames, "secrets">): Readonly<Record<string, JobVariable>> {
  return { PYTHONPATH: "/app/src", [`${secrets.git.name}_TOKEN`]: { secret: secrets.git.name, key: "TOKEN" } };
}

/** @param namespace - text or reference; part of the names by which clients may call the server */
export function mcpServerArguments(source: ModelSource, namespace: string): readonly string[] {
  const { mcpService } = dataSurfaceNames(source.model);
  const address = (suffix: string): string => `${mcpService}${suffix}:${MCP_PORT}`;
  // The last two are what a client sends through `kubectl port-forward`; without them it gets 421.
  const hosts = [
    address(""),
    address(`.${namespace}.svc`),
    address(`.${namespace}.svc.cluster.local`),
    `localhost:${MCP_PORT}`,
    `127.0.0.1:${MCP_PORT}`,
  ];
  return [
    ...gitArguments(source),
    "--refresh-interval",
    "300",
    "--transport",
    "sse",
    ...(source.release.mcpHostFlags
      ? ["--host", "0.0.0.0", "--port", String(MCP_PORT), ...hosts.flatMap((host) => ["--allowed-host", host])]
      : []),
  ];
}

/** Variables of a credential, in the environment of a pod that reads it from its Secret. */
function credentialVariables({
  name,
  type,
  keys,
  optionalKeys,
}: CredentialSecret): readonly (readonly [string, JobVariable])[] {
  return [
    [`${name}_TYPE`, type],
    ...keys.map((key) => [`${name}_${key}`, { secret: name, key }] as const),
    ...optionalKeys.map((key) => [`${name}_${key}`, { secret: name, key, optional: true }] as const),
  ];
}

/** Environment of the jobs that load the model and write to the merge database. */
export function modelJobEnvironment({ secrets }: DataSurfaceNames): Readonly<Record<string, JobVariable>> {
  return { PYTHONPATH: "/app/src", ...Object.fromEntries(Object.values(secrets).flatMap(credentialVariables)) };
}
