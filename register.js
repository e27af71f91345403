// Lets Node run the project's TypeScript: `node -r ./register.js main.ts`.
// An older Node ends in the middle of somebody else's code.
if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`This is Node ${process.versions.node}, which is too old. Install Node 22.19 to 26, best 24.`);
  process.exit(1);
}

// Without source maps: CDKTF takes a stack trace for every token, and mapping them takes longer than the synth itself.
// To see TypeScript's own lines in a trace: SWC_NODE_SOURCE_MAP_MODE=inline NODE_OPTIONS=--enable-source-maps npm run synth
process.env.SWC_NODE_SOURCE_MAP_MODE ??= "none";
process.env.SWC_NODE_PROJECT ??= require("node:path").join(__dirname, "tsconfig.json");

// CDKTF 0.21 is the last of its line and calls util.isArray: Node 22 and later would say so at every synth. Others are heard.
const { emitWarning } = process;
process.emitWarning = (warning, ...details) => {
  if (!details.includes("DEP0044")) {
    emitWarning.call(process, warning, ...details);
  }
};

require("@swc-node/register");
