import { action } from "@ictal/base/action";
import { collect } from "@ictal/base/flags";
import { type Command, InvalidArgumentError } from "commander";
import type { StreamFlags } from "./stream-work.js";

/** Loaded when the verb is called: its help needs none of it. */
const work = () => import("./stream-work.js");

/** A positive number or "max". */
function parseSpeed(text: string): number | "max" {
  if (text === "max") return text;
  const speed = Number(text);
  if (text.trim() !== "" && speed > 0 && Number.isFinite(speed)) return speed;
  throw new InvalidArgumentError("expected a positive number, or max");
}

const HELP = `
SOURCE is an EDF or BDF file, played in real time; - for frames on standard input; or tcp://HOST:PORT, a sender of frames.
Frames: one line of JSON, {"format":"ictal-stream","version":1,"channels":["Fp1",…],"sampleRateHz":256,"unit":"uV"}, then
float32 little-endian, one value per channel, frame after frame; a frame of NaN alone stands for time that was not recorded.

Output, one JSON document per line: begin, then provisional (the onset rule is met), start (it counts), end or withdrawn for
each event, gap, with --probability one line per second, and finish. Times are seconds from the first sample; atSeconds is when
it was decided, latencyMilliseconds what that took to compute. Ctrl-C ends the stream and closes what is open.

Give the configuration that the checkpoint was trained with. A checkpoint that looks ahead (experiment.causal is false) is
refused; --allow-look-ahead runs it, late by its look-ahead and normalised by the past in place of the whole recording.

Examples:
  ictal stream recording.edf --checkpoint results/causal --config configs/causal_synthetic.yaml --speed 20
  ictal stream recording.edf --serve tcp://127.0.0.1:7000
  ictal stream tcp://127.0.0.1:7000 --checkpoint results/causal --config configs/causal_synthetic.yaml`;

/** Adds `ictal stream`. */
export function addStreamCommand(program: Command): void {
  program
    .command("stream")
    .argument("<source>", "EDF or BDF file, - or tcp://HOST:PORT")
    .description("detect seizures in a signal as it comes, with alarms as JSON lines; needs a causal checkpoint")
    .option("--checkpoint <path>", "a .safetensors file, a checkpoint folder, or the folder of a run")
    .option("--config <file>", "configuration (YAML)")
    .option("--set <section.key=value>", "override a configuration value; repeatable", collect)
    .option("--speed <n>", "play a file n times as fast as it was recorded, or as fast as possible: max", parseSpeed)
    .option("--probability", "also print the mean probability of each second")
    .option("--allow-look-ahead", "run a checkpoint that looks ahead, late by its look-ahead")
    .option("--allow-other-cache", "use a checkpoint that was trained with other preprocessing")
    .option(
      "--serve <address>",
      "send the file's frames to the first client of tcp://HOST:PORT, or to standard output: -",
    )
    .addHelpText("after", HELP)
    .action(action(async (source: string, flags: StreamFlags) => (await work()).streamSource(source, flags)));
}
