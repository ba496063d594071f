/** sbatch scripts as text, made to be read and to be submitted by hand as well. */
import { join } from "node:path";
import { OFFSET_VARIABLE } from "../shard-index.js";
import { shellJoin, shellQuote } from "../shell-quote.js";
import { isOneLine, type ScriptInput, type SlurmOptions } from "./options.js";
import { CHAIN_FILE } from "./record.js";

function partitionLines({ partition, account, qos }: SlurmOptions): string[] {
  return [
    ...(partition ? [`#SBATCH --partition=${partition}`] : []),
    ...(account ? [`#SBATCH --account=${account}`] : []),
    ...(qos ? [`#SBATCH --qos=${qos}`] : []),
  ];
}

function resourceLines({ gpus, cpus, memory, time, warnSeconds, extra }: SlurmOptions): string[] {
  return [
    ...(gpus ? [`#SBATCH --gpus=${gpus}`] : []),
    ...(cpus ? [`#SBATCH --cpus-per-task=${cpus}`] : []),
    ...(memory ? [`#SBATCH --mem=${memory}`] : []),
    ...(time ? [`#SBATCH --time=${time}`] : []),
    `#SBATCH --signal=B:USR1@${warnSeconds}`,
    ...extra.map((line) => `#SBATCH ${line}`),
  ];
}

/**
 * A path as sbatch reads it in a #SBATCH line: within double quotes, where blanks, single quotes and # are themselves. "%"
 * begins a pattern of a file name and is doubled. RangeError on a double quote, a backslash, which sbatch takes away or
 * takes as "no patterns", and on control characters, which would end the line.
 */
export function sbatchPath(path: string): string {
  if (/["\\]/.test(path) || !isOneLine(path))
    throw new RangeError(
      `invalid dir: ${JSON.stringify(path)}; a folder whose path has no double quote, backslash or control character expected, since sbatch cannot read them in a script`,
    );
  return `"${path.replaceAll("%", "%%")}"`;
}

function head({ dir, kind, options }: ScriptInput, name: string, log: string, about: string): string[] {
  return [
    "#!/bin/bash",
    `# ${about}`,
    `#SBATCH --job-name=ictal-${kind}${name}`,
    `#SBATCH --output=${sbatchPath(join(dir, "logs")).slice(0, -1)}/${log}"`,
    ...partitionLines(options),
  ];
}

/** Runs the task in the background: bash serves a trap only between commands or in `wait`. */
function waitForTask(task: string): string {
  return `caught=0 warned=0
trap 'caught=1 warned=1; kill -TERM "$task"' USR1 # sent ahead of the time limit
trap 'caught=1; kill -TERM "$task"' TERM INT
${task} &
task=$!
while :; do
  wait "$task"; code=$?
  [ "$caught" = 1 ] || break
  caught=0
done`;
}

/** A script whose task is signalled before its time limit; `before` and `after` are lines around the task. */
function taskScript(
  input: ScriptInput,
  about: string,
  log: string,
  parts: { before?: string; task: string; after: string[] },
) {
  const { before, task, after } = parts;
  return lines(
    ...head(input, "", log, about),
    ...resourceLines(input.options),
    "#SBATCH --requeue",
    "",
    ...(before ? [before] : []),
    waitForTask(task),
    ...after,
    'exit "$code"',
  );
}

/** A script that runs one verb on the plan once others have ended. */
function followUpScript(input: ScriptInput, name: string, about: string, verb: readonly string[]): string {
  return lines(...head(input, `-${name}`, `${name}-%j.log`, about), "", `exec ${verbLine(input, verb)}`);
}

function lines(...list: readonly string[]): string {
  return `${list.join("\n")}\n`;
}

/** A command on the plan as a shell command line; `verb` is two words and their flags. */
function verbLine({ dir, ictal }: ScriptInput, verb: readonly string[]): string {
  return shellJoin([...ictal, ...verb.slice(0, 2), "--plan", dir, ...verb.slice(2)]);
}

/** The script of an array's tasks; its first argument is added to the array's numbers. */
export function arrayScript(input: ScriptInput): string {
  const about = `One task per shard of ${input.shards}, ${input.kind}. Numbers from 0; the first argument is added to them.`;
  return taskScript(input, about, "%A_%a.log", {
    before: `export ${OFFSET_VARIABLE}="\${1:-0}"`,
    task: verbLine(input, ["shard", "task"]),
    after: [],
  });
}

/** The script of a training: a job that its time limit ends submits the next, which resumes. */
export function chainScript(input: ScriptInput): string {
  const script = shellQuote(join(input.dir, "task.sh"));
  const chain = shellQuote(join(input.dir, CHAIN_FILE));
  return taskScript(
    input,
    "A training run, continued in a chain of jobs when the time limit of one is reached.",
    "%j.log",
    {
      task: verbLine(input, ["shard", "task", "--shard", "0/1"]),
      after: [
        "# 130: the state is saved. The next job starts when this one has ended.",
        'if [ "$code" = 130 ] && [ "$warned" = 1 ]; then',
        `  sbatch --parsable --dependency="afterany:$SLURM_JOB_ID" ${script} >> ${chain} || exit 1`,
        "  exit 0",
        "fi",
        `[ "$code" = 0 ] && exec ${verbLine(input, ["shard", "finalise"])}`,
      ],
    },
  );
}

/** The script that ends a plan whose shards are all done. */
export function finaliseScript(input: ScriptInput): string {
  return followUpScript(input, "finalise", "Runs when every shard is done.", ["shard", "finalise"]);
}

/** The script that submits the shards which are not done once more. */
export function retryScript(input: ScriptInput): string {
  const about = "Runs when a shard failed: submits the shards that are not done, or reports that no retry is left.";
  return followUpScript(input, "retry", about, ["slurm", "retry", "--by-job"]);
}
