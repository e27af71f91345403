import type { Fault } from "../fault";

/** Defects in the settings and their rules. */
export const SETTINGS_FAULTS: readonly Fault[] = [
  {
    name: "overlap-that-nobody-sees",
    about: "a service range within the network passes, and Azure refuses it after ten minutes",
    file: "settings/network-rules.ts",
    from: '  apart("serviceCidr", "addressSpace", OTHER_RANGE),\n',
    to: "",
    caughtBy: { suite: "test", file: "settings/cross-field-rules.test.ts", test: "services lie outside of the network › beyond it" },
  },
  {
    name: "subnet-one-node-too-small",
    about: "a rule forgets the five addresses that Azure keeps of a subnet",
    file: "settings/network-rules.ts",
    from: "const RESERVED_ADDRESSES = 5;",
    to: "const RESERVED_ADDRESSES = 4;",
    caughtBy: { suite: "test", file: "settings/cross-field-rules.test.ts", test: "the cluster's subnet has room for every node and those of an upgrade › beyond it" },
  },
  {
    name: "one-pgbouncer-while-rolling",
    about: "pools that fit only while one pgbouncer runs pass",
    file: "settings/capacity-rules.ts",
    from: "const PGBOUNCER_PODS_WHILE_ROLLING = 2;",
    to: "const PGBOUNCER_PODS_WHILE_ROLLING = 1;",
    caughtBy: { suite: "test", file: "settings/cross-field-rules.test.ts", test: "pgbouncer's pools fit PostgreSQL's connections › beyond it" },
  },
  {
    name: "variable-for-another-field",
    about: "MODEL_REPO overrides the repository of the DAGs",
    file: "settings/environment-variables.ts",
    from: 'MODEL_REPO: ["datasurface", "modelRepository"],',
    to: 'MODEL_REPO: ["datasurface", "airflowRepository"],',
    caughtBy: { suite: "test", file: "stacks/stacks.test.ts", test: "has nothing against an environment whose placeholders are replaced" },
  },
  {
    name: "placeholder-that-passes",
    about: "a deployment with the placeholder of the model repository goes on",
    file: "settings/placeholders.ts",
    from: "MODEL_REPO: settings.datasurface.modelRepository,",
    to: 'MODEL_REPO: "",',
    caughtBy: { suite: "test", file: "stacks/stacks.test.ts", test: "refuses the placeholder of MODEL_REPO, and names variable and file" },
  },
  {
    name: "names-that-collide",
    about: "the suffix of names that must be unique in all of Azure follows from the group alone",
    file: "settings/names.ts",
    from: "`${subscriptionId.toLowerCase()}/${resourceGroup.toLowerCase()}`",
    to: "`${subscriptionId.length}/${resourceGroup.toLowerCase()}`",
    caughtBy: { suite: "test", file: "settings/names.test.ts", test: "the suffix follows from subscription and resource group, whatever their letters' case" },
  },
  {
    name: "stack-trace-for-a-typo",
    about: "a mistake in a settings file ends in a stack trace",
    file: "main.ts",
    from: "if (!(error instanceof SettingsError)) {",
    to: "if (error instanceof SettingsError) {",
    caughtBy: { suite: "test", file: "main.test.ts", test: "an unknown environment ends with 1 and a message that lists the known ones, without a stack trace" },
  },
  {
    name: "status-0-for-a-typo",
    about: "a mistake in a settings file ends with status 0, and a pipeline goes on",
    file: "main.ts",
    from: "process.exitCode = 1;",
    to: "process.exitCode = 0;",
    caughtBy: { suite: "test", file: "main.test.ts", test: "an unknown environment ends with 1 and a message that lists the known ones, without a stack trace" },
  },
];
