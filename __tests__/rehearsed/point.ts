import type { Processes } from "../../rehearsal/processes";
import type { Rig } from "./rig";
import type { Suite } from "./suite";

/** What each point of the suite gets. */
export interface PointProps {
  readonly rig: Rig;
  readonly suite: Suite;
  /** For what is prepared before the checks run side by side. */
  readonly processes: Processes;
  /** Names of the environments to look at. */
  readonly environments: readonly string[];
  /** Parts of the addresses of the resources that the failure sweep is to look at; none: all. */
  readonly resources: readonly string[];
  readonly project: string;
}
