/**
 * AKS's minor versions of Kubernetes and when their support ends (Microsoft, "Supported Kubernetes versions in AKS", its
 * release calendar of 5 August 2026). The list ages: a new minor version gets a row when `az aks get-versions` has it
 * without "LTS only".
 */
const ENDED: Readonly<Record<string, string>> = {
  "1.29": "March 2025",
  "1.30": "August 2025",
  "1.31": "November 2025",
  "1.32": "March 2026",
  "1.33": "July 2026",
  "1.34": "November 2026",
};

/** Offered to every cluster at the end of 2026. */
export const KUBERNETES_MINORS = { "1.35": "March 2027", "1.36": "June 2027", "1.37": "October 2027" } as const;

/** The minor versions that a new cluster may have, with their ends: `1.35 (until March 2027)`. */
export const MINORS_IN_WORDS = Object.entries(KUBERNETES_MINORS)
  .map(([minor, end]) => `${minor} (until ${end})`)
  .join(", ");

/** What to do instead of a minor version that is not offered. */
export function minorRemedy(value: string): string {
  const patch = /^v?(1\.\d+)(?:\.\d+)?$/.exec(value)?.[1] ?? "";
  if (patch !== value && patch in KUBERNETES_MINORS) {
    return `did you mean ${patch}? AKS chooses the patch`;
  }
  const end = ENDED[patch];
  const leave = "leave the field out: a new cluster gets AKS's default, a running one keeps its version";
  return end === undefined
    ? `${leave}; \`az aks get-versions\` lists what there is`
    : `AKS's support of ${patch} ended in ${end}, but for clusters with long-term support, which this deployment does not make: ${leave}`;
}
