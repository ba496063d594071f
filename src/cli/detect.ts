import { basename, extname, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify, printable } from "@ictal/base/printable";
import type { Command } from "commander";
import type { GapPolicy } from "../cache/segments.js";
import { lookAheadFromConfig, lookAheadText } from "../config/look-ahead.js";
import { writeCsvBi, writeHedScoreTsv } from "../recording/annotation-write.js";
import { addDataOptions, configOf, type DataFlags, gapsOption } from "./data-options.js";
import { type Detections, detectRecording } from "./detect-recording.js";

interface DetectFlags extends DataFlags {
  readonly checkpoint: string;
  readonly allowOtherCache?: boolean;
  readonly gaps?: GapPolicy;
}

type Writer = (found: Detections, recordingName: string) => string;

const WRITERS: Readonly<Record<string, Writer>> = {
  ".tsv": (found) => writeHedScoreTsv(found),
  ".csv_bi": (found, recordingName) => writeCsvBi({ ...found, recordingName }),
};

/** The writer that the output's ending asks for. */
function writerOf(output: string): Writer {
  const writer = WRITERS[extname(output)];
  if (writer) return writer;
  const allowed = Object.keys(WRITERS).join(" or ");
  throw new UsageError(`the output file ${output} has the extension "${extname(output)}"; expected ${allowed}`);
}

async function detect(input: string, output: string, flags: DetectFlags): Promise<Outcome> {
  const write = writerOf(output);
  const { config } = await configOf(flags, []);
  const { checkpoint, allowOtherCache, gaps } = flags;
  const found = await withInterrupt("nothing was written", (signal) =>
    detectRecording({ input: resolve(input), checkpoint, config, allowOtherCache, gaps, signal }),
  );
  await writeFileAtomic(resolve(output), write(found, printable(basename(input, extname(input)))));
  const lookAhead = lookAheadFromConfig(config);
  notify(`ictal: look-ahead: ${lookAheadText(lookAhead)}`);
  const filled = found.filled.length > 0 ? `; missing electrodes filled in: ${found.filled.join(", ")}` : "";
  return {
    json: { input, output, ...found, lookAhead: { isCausal: lookAhead.isCausal, alarmSeconds: lookAhead.waitSeconds } },
    text: `${found.events.length} seizures in ${found.durationSeconds.toFixed(1)} s${filled}\n${printable(output)}`,
  };
}

const HELP = `
Give the configuration that the checkpoint was trained with: it sets the preprocessing and the post-processing.
Annotations next to the recording are not read. The SzCORE container (deploy/szcore) runs this command.

Example:
  ictal detect recording.edf events.tsv --checkpoint results/smoke --config configs/smoke_test.yaml`;

/** Adds `ictal detect`. */
export function addDetectCommand(program: Command): void {
  addDataOptions(program.command("detect").argument("<input>", "EDF or BDF file"))
    .argument("<output>", "file for the events: .tsv (HED-SCORE) or .csv_bi")
    .description("detect the seizures in one recording")
    .requiredOption("--checkpoint <path>", "a .safetensors file, a checkpoint folder, or the folder of a run")
    .option("--allow-other-cache", "use a checkpoint that was trained with other preprocessing")
    .addOption(gapsOption())
    .addHelpText("after", HELP)
    .action(action(detect));
}
