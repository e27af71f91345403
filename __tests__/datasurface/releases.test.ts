import { findReleaseLine, KNOWN_LINES, parseVersion, RELEASE_LINES, releaseLine } from "../../datasurface/releases";
import { VERSIONS } from "../helpers/releases";

test.each([
  ["1.1.0", "1.1.0", "3.1.7", "3.1.7-azure", "key-vault", true, "datasurface.cmd.platform"],
  ["1.3.0", "1.3.x", "3.1.8", "3.1.8-azure", "key-vault", true, "datasurface.cmd.platform"],
  ["1.3.7", "1.3.x", "3.1.8", "3.1.8-azure", "key-vault", true, "datasurface.cmd.platform"],
  ["1.4.27", "1.4.x (1.4.27 and later)", "3.2.2", "3.2.2-azure-sf", "kubernetes", true, "datasurface.cmd.platform"],
  ["1.4.65", "1.4.x (1.4.27 and later)", "3.2.2", "3.2.2-azure-sf", "kubernetes", true, "datasurface.cmd.platform"],
  [
    "1.8.4",
    "1.8.4",
    "3.3.0",
    "3.3.0-azure-supported-merge-drivers-20260714",
    "kubernetes",
    false,
    "datasurface.entrypoints.platform",
  ],
] as const)(
  "%s belongs to the line %s",
  (version, line, airflowVersion, airflowImageTag, credentialSource, modelMergeJob, cliModule) => {
    expect(releaseLine(version)).toMatchObject({
      line,
      airflowVersion,
      airflowImageTag,
      credentialSource,
      modelMergeJob,
      cliModule,
    });
  },
);

test.each(["1.1.1", "1.0.9", "1.2.0", "1.4.26", "1.5.0", "1.8.3", "1.8.5", "2.1.0"])(
  "%s belongs to none, and the error lists those that are",
  (version) => {
    expect(findReleaseLine(version)).toBeUndefined();
    expect(() => releaseLine(version)).toThrow(
      new RangeError(
        `DataSurface ${version} is in no line of the catalogue: 1.1.0, 1.3.x, 1.4.x (1.4.27 and later), 1.8.4`,
      ),
    );
  },
);

test.each([
  ["1.4.65-azsf-fix6", "1.4.x (1.4.27 and later)"],
  ["1.8.4-rc.1", "1.8.4"],
])("%s, the tag of an image, belongs to the line %s", (version, line) => {
  expect(releaseLine(version).line).toBe(line);
});

test.each(["v1.1.0", "1.1", "1.1.0-", "1.1.0-a--b", "1.1.0-a b", "1.1.0-a@sha256", "1.1.0.0", "latest", "", " 1.1.0"])(
  "%j is no version",
  (version) => {
    expect(parseVersion(version)).toBeUndefined();
    expect(findReleaseLine(version)).toBeUndefined();
  },
);

test("no version belongs to two lines", () => {
  expect(VERSIONS.filter((version) => RELEASE_LINES.filter(({ covers }) => covers(version)).length > 1)).toEqual([]);
});

test("messages list every line, oldest first", () => {
  expect(KNOWN_LINES.split(", ")).toEqual(RELEASE_LINES.map(({ line }) => line));
});

describe.each(RELEASE_LINES)("line $line", (line) => {
  test("has an Airflow image of its Airflow version, for Azure", () => {
    expect(line.airflowImageTag).toMatch(new RegExp(`^${line.airflowVersion.replace(/\./g, "\\.")}-azure`));
  });

  test("turns the External Secrets provider off exactly where DAGs read Kubernetes' secrets", () => {
    expect(line.runtimeEnvironmentArguments).toEqual([
      line.credentialSource === "kubernetes" ? "externalSecretProvider=None" : "!externalSecretProvider",
    ]);
  });

  test("has DAGs that import the vault's SDK exactly where they read the vault", () => {
    expect(line.dagModules.includes("azure.keyvault.secrets")).toBe(line.credentialSource === "key-vault");
  });

  test("is known by its generated objects where these are public: of the newest one, nobody has shown them", () => {
    expect(line.generatedObjectsSeen).toBe(["1.3.x", "1.4.x (1.4.27 and later)"].includes(line.line));
  });

  test("takes modules and jobs of one generation", () => {
    const current = line.cliModule === "datasurface.entrypoints.platform";
    expect(line.reconcileModule.startsWith("datasurface.entrypoints.")).toBe(current);
    expect(line.checkModule.startsWith("datasurface.entrypoints.")).toBe(current);
    expect(line.modelMergeJob).toBe(!current);
  });
});
