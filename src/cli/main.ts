import { nameCall } from "@ictal/base/call-name";
import { endWithParent } from "@ictal/base/parent-watch";
import { printableLines } from "@ictal/base/printable";
import { FAMILIES } from "./families.js";
import { runCommand } from "./run-command.js";

endWithParent();

/** Output that cannot be written, e.g. to a full disk: the command continues, and the exit code reports the loss. */
let isOutputLost = false;
function loseOutput(error: Error): void {
  if (isOutputLost) return;
  isOutputLost = true;
  process.stderr.write(
    `ictal: the output cannot be written, the command continues and ends with exit code 1: ${printableLines(error.message)}\n`,
  );
  process.once("exit", () => {
    process.exitCode ||= 1;
  });
}

/** The reader of the output may close it early (`| head`); the command continues. */
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") loseOutput(error);
  });

if (process.env.npm_command === "exec")
  nameCall("ictal", "npx ictal", [
    ...FAMILIES.flatMap(({ commands }) => Object.keys(commands)), // as npx called it; the shell does not find ictal itself
  ]);

await runCommand(process.argv.slice(2));
