import { readFileSync } from "node:fs";
import { join } from "node:path";
import { airflowImage } from "../../constructs/airflow/image";
import { IMAGE_DIGESTS } from "../../settings/image-digests";
import { digestsFile, pinnedImage, pinnedTag, publicImages } from "../../settings/pinned-images";
import { ACR_TASK_SHELL_IMAGE, CHART_IMAGES } from "../../settings/versions";
import { synthesizeEnvironment } from "../helpers/environments";
import { at, plain } from "../helpers/json";
import { environmentOf, PROJECT } from "../helpers/settings";

const RECORDED = { ...IMAGE_DIGESTS };
const digests = IMAGE_DIGESTS as Record<string, string>;
const record = (all: Readonly<Record<string, string>>): void => {
  Object.keys(digests).forEach((image) => delete digests[image]);
  Object.assign(digests, all);
};
const DIGESTS = Object.fromEntries(
  publicImages().map((image, index) => [image, `sha256:${String(index).padStart(64, "0")}`]),
);
afterEach(() => record(RECORDED));

test("every image of a public registry is asked for", () => {
  expect(publicImages()).toEqual(
    expect.arrayContaining([
      "redis:7.2-bookworm",
      "registry.k8s.io/git-sync/git-sync:v4.4.2",
      "quay.io/prometheus/statsd-exporter:v0.29.0",
      ACR_TASK_SHELL_IMAGE,
      "apache/airflow:3.1.7",
      "apache/airflow:3.3.0",
    ]),
  );
});

test("a recorded digest is in the Helm values, in the image that is built, and in the task that builds it", () => {
  record(DIGESTS);
  const { infra, workload } = synthesizeEnvironment(environmentOf("demo", { airflow: { image: { source: "acr" } } }));
  const { images } = JSON.parse(plain(at(workload.resource("helm_release", "Airflow/Release"), "values.0"))) as {
    readonly images: Readonly<Record<string, { readonly tag: string }>>;
  };
  for (const [part, { repository, tag }] of Object.entries(CHART_IMAGES)) {
    expect(images[part]).toEqual({ repository, tag: `${tag}@${DIGESTS[`${repository}:${tag}`] ?? ""}` });
  }
  expect(
    airflowImage({ image: { source: "acr" }, version: "1.8.4", registryName: "registry" }).build?.dockerfile,
  ).toContain(`FROM apache/airflow:3.3.0@${DIGESTS["apache/airflow:3.3.0"] ?? ""}\n`);
  expect(
    Buffer.from(
      plain(at(infra.all("azurerm_container_registry_task")[0]?.attributes ?? {}, "encoded_step.task_content")),
      "base64",
    ).toString(),
  ).toContain(`${ACR_TASK_SHELL_IMAGE}@${DIGESTS[ACR_TASK_SHELL_IMAGE] ?? ""} -c`);
});

test("without one the tag stands alone", () => {
  record({});
  expect([pinnedTag("redis", "7.2-bookworm"), pinnedImage("bash:5.2.37")]).toEqual(["7.2-bookworm", "bash:5.2.37"]);
});

test("what is recorded is of the images that there are: after another version run npm run record:images", () => {
  expect(Object.keys(RECORDED).filter((image) => !publicImages().includes(image))).toEqual([]);
  expect(Object.values(RECORDED).filter((digest) => !/^sha256:[0-9a-f]{64}$/.test(digest))).toEqual([]);
});

test("the file is as the command writes it", () => {
  expect(readFileSync(join(PROJECT, "settings", "image-digests.ts"), "utf8")).toBe(digestsFile(RECORDED));
  expect(digestsFile(DIGESTS)).toContain(`  "redis:7.2-bookworm": "${DIGESTS["redis:7.2-bookworm"] ?? ""}",\n`);
});
