import type { Placement } from "../../constructs/azure/placement";

export const TAGS = { application: "datasurface", environment: "test" } as const;

/** Where the resources of these tests lie. */
export const PLACEMENT = { resourceGroupName: "test-rg", location: "westus2", tags: TAGS } as const satisfies Placement;
