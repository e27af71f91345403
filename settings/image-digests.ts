/** Digest of each image by its name and tag, where one was recorded. Written by `npm run record:images`. */
export const IMAGE_DIGESTS: Readonly<Record<string, string>> = {};
