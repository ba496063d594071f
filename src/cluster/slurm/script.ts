/** sbatch scripts as text, made to be read and to be submitted by hand as well. */
import { join } from "node:path";
import type { ScriptInput, SlurmOptions } from "./options.js";

/** A word as a shell reads it back. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function words(list: readonly string[]): string {
  return list.map(shellWord).join(" ");
}

function placeLines({ partition, account, qos }: SlurmOptions): string[] {
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

function head({ dir, kind, options }: ScriptInput, name: string, log: string, about: string): string[] {
  return [
    "#!/bin/bash",
    `# ${about}`,
    `#SBATCH --job-name=ictal-${kind}${name}`,
    `#SBATCH --output=${join(dir, "logs", log)}`,
    ...placeLines(options),
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

/** The script of an array's tasks; its first argument is added to the array's numbers. */
export function arrayScript(input: ScriptInput): string {
  const { dir, kind, shards, ictal, options } = input;
  const about = `One task per shard of ${shards}, ${kind}. Numbers from 0; the first argument is added to them.`;
  return `${[
    ...head(input, "", "%A_%a.log", about),
    ...resourceLines(options),
    "#SBATCH --requeue",
    "",
    `export ICTAL_SHARD_OFFSET="\${1:-0}"`,
    waitForTask(`${words([...ictal, "shard", "task", "--plan", dir])}`),
    'exit "$code"',
  ].join("\n")}\n`;
}

/** The script of a training: a job that its time limit ends submits the next, which resumes. */
export function chainScript(input: ScriptInput): string {
  const { dir, ictal, options } = input;
  const script = shellWord(join(dir, "task.sh"));
  return `${[
    ...head(input, "", "%j.log", "A training in as many jobs as its time limits make of it."),
    ...resourceLines(options),
    "#SBATCH --requeue",
    "",
    waitForTask(`${words([...ictal, "shard", "task", "--plan", dir, "--shard", "0/1"])}`),
    "# 130: the state is saved. The next job starts when this one has ended.",
    'if [ "$code" = 130 ] && [ "$warned" = 1 ]; then',
    `  sbatch --parsable --dependency="afterany:$SLURM_JOB_ID" ${script} >> ${shellWord(join(dir, "chain.txt"))} || exit 1`,
    "  exit 0",
    "fi",
    `[ "$code" = 0 ] && exec ${words([...ictal, "shard", "finalise", "--plan", dir])}`,
    'exit "$code"',
  ].join("\n")}\n`;
}

/** The script that ends a plan whose shards are all done. */
export function finaliseScript(input: ScriptInput): string {
  const { dir, ictal } = input;
  return `${[
    ...head(input, "-finalise", "finalise-%j.log", "Runs when every shard is done."),
    "",
    `exec ${words([...ictal, "shard", "finalise", "--plan", dir])}`,
  ].join("\n")}\n`;
}

/** The script that submits the shards which are not done once more. */
export function retryScript(input: ScriptInput): string {
  const { dir, ictal } = input;
  return `${[
    ...head(
      input,
      "-retry",
      "retry-%j.log",
      "Runs when a shard failed: submits the shards that are not done, or tells that no retry is left.",
    ),
    "",
    `exec ${words([...ictal, "slurm", "retry", "--plan", dir, "--by-job"])}`,
  ].join("\n")}\n`;
}
