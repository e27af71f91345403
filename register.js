// Lets Node run the project's TypeScript: `node -r ./register.js main.ts`.
// Without source maps: CDKTF takes a stack trace for every token, and mapping them takes longer than the synth itself.
// To see TypeScript's own lines in a trace: SWC_NODE_SOURCE_MAP_MODE=inline NODE_OPTIONS=--enable-source-maps npm run synth
process.env.SWC_NODE_SOURCE_MAP_MODE ??= "none";
process.env.SWC_NODE_PROJECT ??= require("node:path").join(__dirname, "tsconfig.json");
require("@swc-node/register");
