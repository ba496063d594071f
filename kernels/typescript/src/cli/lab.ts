import { action, programName } from "@ictal/base/action";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify } from "@ictal/base/printable";
import type { Command } from "commander";
import { prepareLab } from "../lab/environment.js";
import { startLab } from "../lab/start.js";

const CUT_OFF = "the next start installs what is missing";

/** Adds `lab`. */
export function addLabCommand(program: Command): void {
  program
    .command("lab")
    .description("start JupyterLab with this project's kernels and figures; installs it into .venv at the first start")
    .argument("[words...]", "arguments for JupyterLab, e.g. --no-browser --port 8899")
    .option("--prepare", "install or repair .venv, then exit")
    .option("--json", "print JSON (with --prepare)")
    .allowUnknownOption()
    .passThroughOptions()
    .action(
      action(async (words: string[], options: { prepare?: boolean }) => {
        const onProgress = (line: string) => notify(`${programName()} lab: ${line}`);
        const environment = await withInterrupt(CUT_OFF, (signal) => prepareLab({ onProgress, signal }));
        if (options.prepare) return { json: environment, text: `JupyterLab is ready in ${environment.venv}` };
        return { json: environment, exitCode: await startLab(environment, words) };
      }),
    );
}
