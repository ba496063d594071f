import { readFileSync } from "node:fs";
import { appendFile, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findKernelspec } from "@ictal/jupyter/kernelspec";
import { startKernel, streamText, type TestKernel } from "@ictal/jupyter/test/kernel/start-kernel";
import { projectDir } from "../../src/base/project.js";

const EDITS = 10;
/** After an edit the kernel checks the types of what it has loaded again; a person takes longer to edit once more. */
const PAUSE_MILLISECONDS = 1500;
const COPIED = [
  "src",
  "kernels",
  "dist/src",
  "dist/.tsbuildinfo",
  "package.json",
  "tsconfig.base.json",
  "tsconfig.json",
  "tsconfig.build.json",
];
const NAME = "ictal-edits";

/** How long a cell took that followed the edit of a file, with all of `src` imported. */
export interface EditTimes {
  readonly file: string;
  /** Modules that were loaded again: the file and all that import it. */
  readonly reloaded: number;
  /** From the request of the next cell (`1`) to its reply. */
  readonly milliseconds: readonly number[];
  /** Mean processor time of all of the kernel's threads meanwhile. */
  readonly processorMilliseconds: number;
}

/** Linux counts in hundredths of a second. */
function processorMilliseconds({ child }: TestKernel): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" "); // behind the name
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** A copy of the project whose files may be edited, and a kernelspec that runs its kernel. */
async function copyProject(root: string, jupyter: string): Promise<void> {
  for (const name of COPIED)
    await cp(join(projectDir, name), join(root, name), { recursive: true, preserveTimestamps: true });
  await symlink(join(projectDir, "node_modules"), join(root, "node_modules"));
  const { argv, env } = await findKernelspec("ictal");
  const words = argv.map((word) => word.replace(projectDir, root));
  const directory = join(jupyter, "kernels", NAME);
  await mkdir(directory, { recursive: true });
  await writeFile(
    join(directory, "kernel.json"),
    JSON.stringify({
      argv: words,
      env: { ...env, ICTAL_KERNEL_PROJECT: root },
      display_name: NAME,
      language: "typescript",
    }),
  );
}

async function timeEdits(kernel: TestKernel, root: string, file: string): Promise<EditTimes> {
  const milliseconds: number[] = [];
  let [reloaded, processor] = [0, 0];
  for (let edit = 0; edit < EDITS; edit++) {
    await sleep(PAUSE_MILLISECONDS);
    await appendFile(join(root, file), `export const edit${edit} = ${edit};\n`);
    const before = processorMilliseconds(kernel);
    const started = performance.now();
    const answer = await kernel.execute("1");
    milliseconds.push(performance.now() - started);
    processor += processorMilliseconds(kernel) - before;
    const [, names] = /^reloaded: (.*)$/m.exec(streamText(answer)) ?? [];
    if (!names) throw new Error(`the edit of ${file} was not seen: ${streamText(answer, "stderr")}`);
    reloaded = names.split(", ").length;
  }
  return { file, reloaded, milliseconds, processorMilliseconds: processor / EDITS };
}

/** Edits each file a few times in a copy of the project in `root`, with all of its `src` imported. */
export async function measureEdits(root: string, jupyter: string, files: readonly string[]): Promise<EditTimes[]> {
  await copyProject(root, jupyter);
  const kernel = await startKernel({ name: NAME });
  try {
    const { reply } = await kernel.execute('import * as ictal from "ictal"; ictal.projectDir');
    if (reply.content.status !== "ok") throw new Error(JSON.stringify(reply.content));
    const times: EditTimes[] = [];
    for (const file of files) times.push(await timeEdits(kernel, root, file));
    return times;
  } finally {
    await kernel.stop();
  }
}
