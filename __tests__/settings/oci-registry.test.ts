import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { imageReference, Registry, RegistryError } from "../../settings/oci-registry";

const INDEX = "application/vnd.oci.image.index.v1+json";
const list = (...architectures: readonly string[]): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: architectures.map((architecture) => ({ digest: "sha256:0", platform: { os: "linux", architecture } })),
  });
const ONE_PLATFORM = JSON.stringify({ schemaVersion: 2, config: { digest: "sha256:0" }, layers: [] });
const digest = (body: string): string => `sha256:${createHash("sha256").update(body).digest("hex")}`;

/** A registry with the token flow of Docker Hub, quay.io and GitHub's: one token for one repository. */
class StandIn {
  readonly manifests: Record<string, string> = {
    "library/redis:7.2-bookworm": list("amd64", "arm64"),
    "apache/airflow:3.3.0": list("amd64"),
    "prometheus/statsd-exporter:v0.29.0": ONE_PLATFORM,
  };
  /** What it asks for: a token, as Docker Hub, nothing, as registry.k8s.io, or a password. */
  challenge: "token" | "nothing" | "password" = "token";
  /** Answers in place of its own, by path. */
  readonly instead: Record<string, (response: ServerResponse) => void> = {};
  readonly asked: string[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? "", this.address);
    this.asked.push(
      `${pathname}${searchParams.has("scope") ? ` for ${searchParams.get("service") ?? ""} ${searchParams.get("scope") ?? ""}` : ""}`,
    );
    const refuse = (status: number, message: string): void =>
      void response
        .writeHead(status, { "content-type": "application/json" })
        .end(JSON.stringify({ errors: [{ code: "X", message }] }));
    const instead = this.instead[pathname];
    if (instead !== undefined) {
      return instead(response);
    }
    if (pathname === "/token") {
      return void response.writeHead(200).end(JSON.stringify({ token: `for ${searchParams.get("scope") ?? ""}` }));
    }
    const [, repository = "", tag = ""] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(pathname) ?? [];
    if (this.challenge === "password") {
      response.setHeader("www-authenticate", 'Basic realm="Registry"');
      return refuse(401, "sign in");
    }
    if (this.challenge === "token" && request.headers.authorization !== `Bearer for repository:${repository}:pull`) {
      response.setHeader(
        "www-authenticate",
        `Bearer realm="${this.address}/token",service="registry.test",scope="repository:${repository}:pull"`,
      );
      return refuse(401, "authentication required");
    }
    const body = this.manifests[`${repository}:${tag}`];
    if (body === undefined) {
      return refuse(404, "manifest unknown");
    }
    // A registry sends a manifest of one platform to a client that does not ask for lists.
    const accepted = (request.headers.accept ?? "").includes(INDEX);
    response.writeHead(accepted ? 200 : 404, { "docker-content-digest": digest(body) }).end(body);
  }
}

describe("Registry", () => {
  let standIn: StandIn;
  let registry: Registry;
  beforeEach(async () => {
    standIn = new StandIn();
    await standIn.start();
    registry = new Registry({ addressOf: () => standIn.address });
  });
  afterEach(() => standIn.stop());
  const refused = async (image = "redis:7.2-bookworm"): Promise<string> =>
    registry.digestOf(image).then(
      (found) => `found ${found}`,
      (error: unknown) => (error instanceof RegistryError ? error.message : `unexpected: ${String(error)}`),
    );

  test("gets the digest of the list of platforms, with a token for this repository", async () => {
    expect(await registry.digestOf("redis:7.2-bookworm")).toBe(
      digest(standIn.manifests["library/redis:7.2-bookworm"] ?? ""),
    );
    expect(standIn.asked).toEqual([
      "/v2/library/redis/manifests/7.2-bookworm",
      "/token for registry.test repository:library/redis:pull",
      "/v2/library/redis/manifests/7.2-bookworm",
    ]);
  });

  test("gets those of several images, each with its own token, and of one platform where there is no list", async () => {
    expect(
      await registry.digestsOf([
        "redis:7.2-bookworm",
        "quay.io/prometheus/statsd-exporter:v0.29.0",
        "apache/airflow:3.3.0",
      ]),
    ).toEqual({
      "redis:7.2-bookworm": digest(standIn.manifests["library/redis:7.2-bookworm"] ?? ""),
      "quay.io/prometheus/statsd-exporter:v0.29.0": digest(ONE_PLATFORM),
      "apache/airflow:3.3.0": digest(standIn.manifests["apache/airflow:3.3.0"] ?? ""),
    });
  });

  test("needs no token where the registry asks for none, and goes where it is sent", async () => {
    standIn.challenge = "nothing";
    standIn.instead["/v2/git-sync/git-sync/manifests/v4.4.2"] = (response) =>
      void response.writeHead(307, { location: "/v2/library/redis/manifests/7.2-bookworm" }).end();
    expect(await registry.digestOf("registry.k8s.io/git-sync/git-sync:v4.4.2")).toBe(
      digest(standIn.manifests["library/redis:7.2-bookworm"] ?? ""),
    );
  });

  test("a tag that is not there is said, with the registry's words", async () => {
    expect(await refused("redis:7.3")).toMatch(
      /^redis:7\.3: registry-1\.docker\.io answers 404 \(manifest unknown\)\. Remedy: .*settings\/versions\.ts\.$/,
    );
  });

  test("a limit that is used up is said, with the time to wait", async () => {
    standIn.instead["/v2/library/redis/manifests/7.2-bookworm"] = (response) =>
      void response.writeHead(429, { "retry-after": "21600" }).end('{"errors":[{"code":"TOOMANYREQUESTS"}]}');
    expect(await refused()).toMatch(/answers 429 \(TOOMANYREQUESTS\)\. Remedy: .*try again in 21600 s\.$/);
  });

  test("an image that is not public is refused where the token is given, and where it is used", async () => {
    standIn.instead["/token"] = (response) => void response.writeHead(403).end();
    expect(await refused()).toMatch(
      /which gives tokens for registry-1\.docker\.io, answers 403\. Remedy: the image is not public/,
    );
    standIn.instead["/token"] = (response) => void response.writeHead(200).end('{"token":"of another repository"}');
    expect(await refused()).toMatch(/answers 401 \(authentication required\)\. Remedy: the image is not public/);
    standIn.instead["/token"] = (response) => void response.writeHead(200).end("<html>");
    expect(await refused()).toMatch(/gave no token/);
  });

  test("the token is asked for at an encrypted address or at the registry itself, and nowhere else", async () => {
    standIn.instead["/v2/library/redis/manifests/7.2-bookworm"] = (response) =>
      void response
        .writeHead(401, { "www-authenticate": 'Bearer realm="http://169.254.169.254/token",service="x"' })
        .end();
    expect(await refused()).toMatch(/wants a sign-in of another kind/);
    standIn.challenge = "password";
    delete standIn.instead["/v2/library/redis/manifests/7.2-bookworm"];
    expect(await refused()).toMatch(/wants a sign-in of another kind \(Basic realm="Registry"\)\. Remedy: /);
  });

  test("an answer that somebody has changed on the way is refused", async () => {
    standIn.challenge = "nothing";
    standIn.instead["/v2/library/redis/manifests/7.2-bookworm"] = (response) =>
      void response.writeHead(200, { "docker-content-digest": `sha256:${"0".repeat(64)}` }).end(ONE_PLATFORM);
    expect(await refused()).toMatch(/says sha256:0{64}, but what it sent has sha256:[0-9a-f]{64}\. Remedy: /);
  });

  test("what is no image, or none for the nodes, is refused", async () => {
    standIn.challenge = "nothing";
    standIn.manifests["library/redis:7.2-bookworm"] = "<html>sign in to the hotel's network</html>";
    expect(await refused()).toMatch(/is no manifest of an image\. Remedy: /);
    standIn.manifests["library/redis:7.2-bookworm"] = list("arm64", "s390x");
    expect(await refused()).toMatch(/for linux\/arm64, linux\/s390x and not for linux\/amd64/);
  });

  test("a registry that cannot be reached is said", async () => {
    registry = new Registry({ addressOf: () => "http://127.0.0.1:9" });
    expect(await refused()).toMatch(
      /^redis:7\.2-bookworm: 127\.0\.0\.1:9 cannot be reached: .+ Remedy: look at the network; .*HTTPS_PROXY/,
    );
  });
});

test.each([
  ["redis:7.2-bookworm", "registry-1.docker.io", "library/redis", "7.2-bookworm"],
  ["docker.io/redis:7", "registry-1.docker.io", "library/redis", "7"],
  ["apache/airflow:3.3.0", "registry-1.docker.io", "apache/airflow", "3.3.0"],
  ["registry.k8s.io/git-sync/git-sync:v4.4.2", "registry.k8s.io", "git-sync/git-sync", "v4.4.2"],
  ["localhost:5000/a:1", "localhost:5000", "a", "1"],
])("%s is an image of %s", (image, host, repository, tag) => {
  expect(imageReference(image)).toEqual({ host, repository, tag });
});

test.each(["redis", "redis:", "Redis:7", `redis@sha256:${"0".repeat(64)}`, ""])(
  "%j is no image with a tag",
  (image) => {
    expect(() => imageReference(image)).toThrow(RegistryError);
  },
);
