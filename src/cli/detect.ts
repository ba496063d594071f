import { basename, extname, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify, printable } from "@ictal/base/printable";
import type { Command } from "commander";
import type { GapPolicy } from "../cache/segments.js";
import { postprocessFromConfig } from "../config/layer-options.js";
import { lookAheadFromConfig, lookAheadText } from "../config/look-ahead.js";
import { writeCsvBi, writeHedScoreTsv } from "../recording/annotation-write.js";
import { mapOf, readCalibration } from "./calibration-file.js";
import { originOf, withOwnConfig } from "./checkpoint-config.js";
import { addDataOptions, configOf, type DataFlags, gapsOption } from "./data-options.js";
import { type Detections, detectRecording } from "./detect-recording.js";
import { silenceText } from "./detector-silence.js";
import { reportOtherWindow } from "./other-window.js";
import { checkOutputFile } from "./output-file.js";

interface DetectFlags extends DataFlags {
  readonly checkpoint: string;
  readonly allowOtherCache?: boolean;
  readonly gaps?: GapPolicy;
  readonly calibration?: string;
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

async function detect(input: string, output: string, given: DetectFlags): Promise<Outcome> {
  const write = writerOf(output);
  await checkOutputFile(resolve(output));
  const flags = withOwnConfig(given);
  const loaded = await configOf(flags, []);
  const { config } = loaded;
  const origin = await originOf(loaded);
  await reportOtherWindow(flags.checkpoint, loaded);
  const { checkpoint, allowOtherCache, gaps } = flags;
  const file = flags.calibration === undefined ? undefined : await readCalibration(flags.calibration);
  const calibration = file && mapOf(file);
  const found = await withInterrupt("nothing was written", (signal) =>
    detectRecording({ input: resolve(input), checkpoint, config, origin, allowOtherCache, gaps, calibration, signal }),
  );
  await writeFileAtomic(resolve(output), write(found, printable(basename(input, extname(input)))));
  const lookAhead = lookAheadFromConfig(config);
  notify(`ictal: look-ahead: ${lookAheadText(lookAhead)}`);
  const filled = found.filled.length > 0 ? `; missing electrodes filled in: ${found.filled.join(", ")}` : "";
  const silence = silenceText(found.highestProbability, postprocessFromConfig(config), {
    events: found.events.length,
    search: "on predictions of dev recordings with ictal threshold",
  });
  return {
    json: { input, output, ...found, lookAhead: { isCausal: lookAhead.isCausal, alarmSeconds: lookAhead.waitSeconds } },
    text: `${found.events.length} seizures in ${found.durationSeconds.toFixed(1)} s${filled}${silence === undefined ? "" : `\n${silence}`}\n${printable(output)}`,
  };
}

const HELP = `
Give the configuration that the checkpoint was trained with: it sets the preprocessing and the post-processing. The folder of an imported
model (ictal model import) brings its own.
Annotations next to the recording are not read. The SzCORE container (deploy/szcore) runs this command.

Example:
  ictal detect recording.edf events.tsv --checkpoint results/smoke --config configs/smoke_test.yaml`;

/** Adds `ictal detect`. */
export function addDetectCommand(program: Command): void {
  addDataOptions(program.command("detect").argument("<input>", "EDF or BDF file"))
    .argument("<output>", "file for the events: .tsv (HED-SCORE) or .csv_bi")
    .description("detect the seizures in one recording")
    .requiredOption(
      "--checkpoint <path>",
      "a .safetensors file, a checkpoint, or the folder of a run or imported model",
    )
    .option("--calibration <file>", "correct the probabilities as ictal calibrate found")
    .option("--allow-other-cache", "use a checkpoint that was trained with other preprocessing")
    .addOption(gapsOption())
    .addHelpText("after", HELP)
    .action(action(detect));
}
