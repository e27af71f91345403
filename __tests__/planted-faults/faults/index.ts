import type { Fault } from "../fault";
import { AZURE_FAULTS } from "./azure";
import { BOOTSTRAP_FAULTS } from "./bootstrap";
import { FLOOR_FAULTS } from "./floors";
import { KUBERNETES_FAULTS } from "./kubernetes";
import { SETTINGS_FAULTS } from "./settings";
import { WORKLOAD_FAULTS } from "./workload";

/** All planted faults, by what they are a defect of. */
export const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  Azure: AZURE_FAULTS,
  Kubernetes: KUBERNETES_FAULTS,
  "Workload: jobs and Airflow": WORKLOAD_FAULTS,
  "The bootstrap jobs' scripts": BOOTSTRAP_FAULTS,
  Settings: SETTINGS_FAULTS,
  Floors: FLOOR_FAULTS,
};
