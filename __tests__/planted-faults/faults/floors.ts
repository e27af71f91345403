import type { Fault } from "../fault";

/** Imports and reads that take a value another way than settings → stacks → constructs. */
export const FLOOR_FAULTS: readonly Fault[] = [
  {
    name: "knowledge-of-the-vendor-imports-a-construct",
    about: "what is known of DataSurface depends on how this project deploys it",
    file: "datasurface/commands.ts",
    from: 'import type { ReleaseLine } from "./releases";',
    to: 'import type { ReleaseLine } from "./releases";\nimport "../constructs/terraform/expressions";',
    caughtBy: { suite: "lint", file: "datasurface/commands.ts", says: "constructs/terraform is above datasurface" },
  },
  {
    name: "construct-reads-the-environment",
    about: "a construct takes a value from the variables of the machine that synthesizes",
    file: "constructs/azure/file-storage.ts",
    from: "const { placement, network } = props;",
    to: 'const { placement, network } = { ...props, name: process.env.STORAGE ?? "" };',
    caughtBy: { suite: "lint", file: "constructs/azure/file-storage.ts", says: "Read it in settings/" },
  },
];
