import { RELEASE_LINES } from "../datasurface/releases";
import { IMAGE_DIGESTS } from "./image-digests";
import { ACR_TASK_SHELL_IMAGE, AIRFLOW_BASE_REPOSITORY, CHART_IMAGES } from "./versions";

/** A tag of an image, with its digest where one is recorded: Kubernetes and Docker then pull by the digest alone. */
export function pinnedTag(repository: string, tag: string): string {
  return pinnedImage(`${repository}:${tag}`).slice(repository.length + 1);
}

/** An image, `NAME:TAG`, with its digest where one is recorded. */
export function pinnedImage(image: string): string {
  const digest = IMAGE_DIGESTS[image];
  return digest === undefined ? image : `${image}@${digest}`;
}

/** Images of the Airflow chart's own parts, as its values have them. */
export function chartImages(): Readonly<
  Record<keyof typeof CHART_IMAGES, { readonly repository: string; readonly tag: string }>
> {
  const pinned = Object.entries(CHART_IMAGES).map(([part, { repository, tag }]) => [
    part,
    { repository, tag: pinnedTag(repository, tag) },
  ]);
  return Object.fromEntries(pinned) as ReturnType<typeof chartImages>;
}

/** The images of public registries that a deployment uses by name and tag; the vendor's have their digests in the settings. */
export function publicImages(): readonly string[] {
  const bases = RELEASE_LINES.map(({ airflowVersion }) => `${AIRFLOW_BASE_REPOSITORY}:${airflowVersion}`);
  return [
    ...new Set([
      ...Object.values(CHART_IMAGES).map(({ repository, tag }) => `${repository}:${tag}`),
      ACR_TASK_SHELL_IMAGE,
      ...bases,
    ]),
  ].sort();
}

/** settings/image-digests.ts with these digests. */
export function digestsFile(digests: Readonly<Record<string, string>>): string {
  const entries = Object.entries(digests).map(
    ([image, digest]) => `  ${JSON.stringify(image)}: ${JSON.stringify(digest)},\n`,
  );
  return [
    "/** Digest of each image by its name and tag, where one was recorded. Written by `npm run record:images`. */\n",
    `export const IMAGE_DIGESTS: Readonly<Record<string, string>> = {${entries.length === 0 ? "" : `\n${entries.join("")}`}};\n`,
  ].join("");
}
