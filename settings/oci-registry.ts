import { createHash } from "node:crypto";

/** An image by its tag, as a registry has it. */
interface ImageReference {
  /** Host name, with its port if it has one. */
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** An image's digest cannot be had; the message says why and what to do. */
export class RegistryError extends Error {}

/** Docker Hub is meant where an image names no registry. */
const DOCKER_HUB = "registry-1.docker.io";

const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

const SECONDS = 30;
const MOST_BYTES = 4 * 1024 * 1024;

/** Reads `redis:7.2`, `quay.io/prometheus/statsd-exporter:v0.29.0`; the tag is behind the last colon. */
export function imageReference(image: string): ImageReference {
  const [, name = "", tag = ""] = /^([a-z0-9][a-z0-9.:_/-]*):([\w][\w.-]{0,127})$/.exec(image) ?? [];
  if (name === "") {
    throw new RegistryError(`${image} is no image with a tag (NAME:TAG). Remedy: correct it in settings/versions.ts.`);
  }
  const [first = "", ...rest] = name.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  if (isHost) {
    return first === "docker.io"
      ? imageReference(`${rest.join("/")}:${tag}`)
      : { host: first, repository: rest.join("/"), tag };
  }
  return { host: DOCKER_HUB, repository: rest.length === 0 ? `library/${first}` : name, tag };
}

export interface RegistryProps {
  /**
   * Address of a registry by its host.
   * @default `https://HOST`
   */
  readonly addressOf?: (host: string) => string;
}

/** Reads digests by the OCI distribution API, as somebody who has not signed in. */
export class Registry {
  private readonly addressOf: (host: string) => string;
  /** Token by host and repository. */
  private readonly tokens = new Map<string, string>();

  constructor({ addressOf = (host) => `https://${host}` }: RegistryProps = {}) {
    this.addressOf = addressOf;
  }

  /** The digest that an image's tag has now: of the list of its platforms, where it has one, so that each node takes its own. */
  async digestOf(image: string): Promise<string> {
    const reference = imageReference(image);
    const { host, repository, tag } = reference;
    const url = `${this.addressOf(host)}/v2/${repository}/manifests/${tag}`;
    let response = await this.get(image, url, this.tokens.get(`${host} ${repository}`));
    if (response.status === 401) {
      const token = await this.token(image, reference, response.headers.get("www-authenticate") ?? "");
      this.tokens.set(`${host} ${repository}`, token);
      response = await this.get(image, url, token);
    }
    if (response.status !== 200) {
      throw new RegistryError(
        `${image}: ${host} answers ${response.status}${await quoted(response)}. Remedy: ${remedyFor(response, host)}.`,
      );
    }
    const body = Buffer.from(await response.arrayBuffer());
    if (body.length > MOST_BYTES) {
      throw new RegistryError(
        `${image}: the manifest of ${host} has ${body.length} bytes, more than the ${MOST_BYTES} that the specification allows. Remedy: look whether a proxy answers in its place.`,
      );
    }
    checkPlatform(image, host, body);
    const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    const said = response.headers.get("docker-content-digest");
    if (said !== null && said !== digest) {
      throw new RegistryError(
        `${image}: ${host} says ${said}, but what it sent has ${digest}. Remedy: try again; if it stays, a proxy on the way changes the answer.`,
      );
    }
    return digest;
  }

  /** By image, in the order given, one after another: Docker Hub counts. */
  async digestsOf(images: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const digests: Record<string, string> = {};
    for (const image of images) {
      digests[image] = await this.digestOf(image);
    }
    return digests;
  }

  /** The token flow: the registry's challenge says where a token for reading this repository is given away. */
  private async token(image: string, { host, repository }: ImageReference, challenge: string): Promise<string> {
    const parameters = new Map(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key.toLowerCase(), value]),
    );
    const realm = parameters.get("realm") ?? "";
    if (
      !/^bearer /i.test(challenge) ||
      !URL.canParse(realm) ||
      (!realm.startsWith("https://") && !realm.startsWith(`${this.addressOf(host)}/`))
    ) {
      throw new RegistryError(
        `${image}: ${host} wants a sign-in of another kind (${challenge || "it does not say which"}). Remedy: take an image of a public registry, or write TAG@sha256:DIGEST in settings/versions.ts.`,
      );
    }
    const url = new URL(realm);
    const service = parameters.get("service");
    if (service !== undefined) {
      url.searchParams.set("service", service);
    }
    url.searchParams.set("scope", parameters.get("scope") ?? `repository:${repository}:pull`);
    const response = await this.get(image, url.href, undefined);
    if (response.status !== 200) {
      throw new RegistryError(
        `${image}: ${url.host}, which gives tokens for ${host}, answers ${response.status}${await quoted(response)}. Remedy: ${remedyFor(response, host)}.`,
      );
    }
    const answer = parsed(await response.text());
    const token = answer.token ?? answer.access_token;
    if (typeof token !== "string" || token === "") {
      throw new RegistryError(
        `${image}: ${url.host} gave no token for ${host}. Remedy: look whether the image is public.`,
      );
    }
    return token;
  }

  private async get(image: string, url: string, token: string | undefined): Promise<Response> {
    try {
      return await fetch(url, {
        headers: { Accept: MANIFESTS.join(", "), ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
        signal: AbortSignal.timeout(SECONDS * 1000),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new RegistryError(
        `${image}: ${new URL(url).host} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}. ` +
          "Remedy: look at the network; behind a proxy set HTTPS_PROXY and, for Node, NODE_USE_ENV_PROXY=1 (Node 24 and newer).",
      );
    }
  }
}

/** The nodes run Linux on x86 processors: a list of platforms without theirs would be a digest that no node can run. */
function checkPlatform(image: string, host: string, body: Buffer): void {
  const { manifests, schemaVersion, config } = parsed(body.toString("utf8"));
  const platforms = Array.isArray(manifests)
    ? manifests.map(
        (one: { readonly platform?: { readonly os?: string; readonly architecture?: string } }) =>
          `${one.platform?.os ?? "?"}/${one.platform?.architecture ?? "?"}`,
      )
    : undefined;
  if (platforms !== undefined && !platforms.includes("linux/amd64")) {
    throw new RegistryError(
      `${image}: ${host} has it for ${[...new Set(platforms)].join(", ")} and not for linux/amd64, which the nodes run. Remedy: another tag in settings/versions.ts.`,
    );
  }
  if (platforms === undefined && (schemaVersion !== 2 || config === undefined)) {
    throw new RegistryError(
      `${image}: what ${host} sent is no manifest of an image. Remedy: look whether a proxy answers in its place.`,
    );
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

/** What the registry itself says of a refusal. */
async function quoted(response: Response): Promise<string> {
  const { errors } = parsed((await response.text()).slice(0, 10_000));
  const texts = ({ message, code }: { readonly message?: unknown; readonly code?: unknown }): readonly string[] =>
    [message, code].filter((text) => typeof text === "string" && text !== "").slice(0, 1) as string[];
  const said = Array.isArray(errors) ? errors.flatMap(texts) : [];
  return said.length === 0 ? "" : ` (${said.join("; ")})`;
}

function remedyFor({ status, headers }: Response, host: string): string {
  switch (status) {
    case 401:
    case 403:
      return `the image is not public, or not there: correct name and tag in settings/versions.ts`;
    case 404:
      return `${host} has no such tag: choose one that it has, in settings/versions.ts`;
    case 429:
      return `the registry's limit for this address is used up${headers.has("retry-after") ? `; try again in ${headers.get("retry-after") ?? ""} s` : ": try again in some hours, or from another address"}`;
    default:
      return status >= 500
        ? "try again later"
        : "try again; if it stays, look whether a proxy answers in the registry's place";
  }
}
