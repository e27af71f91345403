// Stands in the place of cdktf's pseudo-terminal (package.json). The end of what a program wrote to one is lost when the program ends
// before it is read, and with it Terraform's error. A pipe ends only when all of it was read.
const { spawn } = require("node:child_process");
const { EOL } = require("node:os");

const INTERRUPT = "\x03";

exports.spawn = (file, words, { cwd, env }) => {
  const windows = process.platform === "win32";
  // In one pipe, standard output and errors keep their order.
  const [program, given] = windows ? [file, words] : ["/bin/sh", ["-c", 'exec "$0" "$@" 2>&1', file, ...words]];
  // Away from the terminal's Ctrl-C: cdktf passes it on, and Terraform gives up at a second one.
  const child = spawn(program, given, { cwd, env, detached: !windows, windowsHide: true });

  let onData = () => {};
  let onExit = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => onData(text.replaceAll(/\r?\n/g, EOL)));
  }
  // It may end while something is written to it.
  child.stdin.on("error", () => {});
  child.once("error", ({ message }) => {
    onData(`${file} cannot be started: ${message}${EOL}`);
    onExit({ exitCode: 1 });
  });
  child.once("close", (code) => onExit({ exitCode: code ?? 1 }));

  return {
    write: (text) => (text === INTERRUPT ? child.kill("SIGINT") : child.stdin.write(text)),
    onData: (listener) => {
      onData = listener;
    },
    onExit: (listener) => {
      onExit = listener;
    },
  };
};
