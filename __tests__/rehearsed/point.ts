import type { Deployments } from "./deployed";
import type { Rig } from "./rig";
import type { Suite } from "./suite";

/** What each point of the suite gets. */
export interface PointProps {
  readonly rig: Rig;
  readonly suite: Suite;
  readonly deployments: Deployments;
  /** Names of the environments to look at; what is the same in all of them is looked at in the first one. */
  readonly environments: readonly string[];
  /** Parts of the addresses of the resources that the failure sweep is to look at; none: all. */
  readonly resources: readonly string[];
  /** Also what is another example of the same. */
  readonly full: boolean;
  readonly project: string;
}
