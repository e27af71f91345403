import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command-line";
import { IMAGE_DIGESTS } from "./image-digests";
import { Registry, RegistryError } from "./oci-registry";
import { digestsFile, publicImages } from "./pinned-images";

const USAGE = `npm run record:images

Writes settings/image-digests.ts: the digest that each public image of settings/versions.ts has now. A deployment then takes these images by
their digests: nobody can put another one under the tag. After another version there, and from time to time for the patches that a moving tag
gets. Asks the registries: Docker Hub, quay.io, registry.k8s.io. Says what changed. A registry that does not answer leaves the file as it is.

  --help  this text

Exit status: 0 when the digests are written, 1 when one cannot be had, 2 when an argument is wrong.`;

const TARGET = join(__dirname, "image-digests.ts");

void runCommand({
  usage: USAGE,
  options: {},
  run: async () => {
    // All digests before anything is written.
    const digests = await new Registry().digestsOf(publicImages());
    for (const [image, digest] of Object.entries(digests)) {
      const before = IMAGE_DIGESTS[image];
      console.log(`${image} ${digest}${before === digest ? "" : before === undefined ? " (new)" : ` (was ${before})`}`);
    }
    writeFileSync(TARGET, digestsFile(digests));
    console.log("wrote settings/image-digests.ts");
    return 0;
  },
  expected: [RegistryError],
});
