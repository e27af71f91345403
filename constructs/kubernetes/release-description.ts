/**
 * Description of a Helm release. Terraform compares it and nothing of what the release has made, so another one is what makes it
 * upgrade a release whose objects were deleted or changed by hand (docs/facts.md#a-second-upgrade-of-a-release).
 */
export function releaseDescription(reapply: number): string {
  return `reapply ${reapply}`;
}
