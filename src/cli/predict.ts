import { join, resolve } from "node:path";
import { action, type Outcome } from "@ictal/base/action";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { type Command, InvalidArgumentError, Option } from "commander";
import { predictedCount } from "../base/value-ranges.js";
import { shardOf } from "../cache/build.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import {
  deviceFromConfig,
  postprocessFromConfig,
  predictionStrideFromConfig,
  stitchingFromConfig,
} from "../config/layer-options.js";
import type { SplitRecord } from "../dataset/split-record.js";
import type { PostprocessOptions } from "../scoring/postprocess.js";
import { openExecutor } from "../tensor/open.js";
import { predictRecordings } from "../training/predict-recordings.js";
import { mapOf, readCalibration } from "./calibration-file.js";
import { originOf, withOwnConfig } from "./checkpoint-config.js";
import { configuredSplits } from "./configured-manifest.js";
import { addDataOptions, configOf, type DataFlags, parseShard, partName, type Shard } from "./data-options.js";
import {
  commonFolder,
  EVENT_FORMATS,
  type EventFormat,
  openDetectionFiles,
  removeDetections,
} from "./detection-files.js";
import { highestOf, silenceText } from "./detector-silence.js";
import { reportOtherWindow } from "./other-window.js";
import { requireSameChannels } from "./same-channels.js";
import { addSplitOptions } from "./split-flags.js";
import { reportTrainedPatients } from "./trained-patients.js";
import { watched } from "./watched.js";

interface PredictFlags extends DataFlags {
  readonly checkpoint: string;
  readonly out: string;
  readonly split: string;
  readonly type: "float16" | "float32";
  readonly rate?: number;
  readonly events?: boolean;
  readonly format: readonly EventFormat[];
  readonly allowOtherCache?: boolean;
  readonly calibration?: string;
  readonly shard?: Shard;
}

interface Predicted {
  readonly recordings: number;
  readonly eegSeconds: number;
  /** Files of detections, relative to the output folder; empty without --events. */
  readonly eventFiles: readonly string[];
  /** Detections in all files, and recordings that have any. */
  readonly detections: number;
  readonly detected: number;
  /** Of all recordings; NaN without a recording. */
  readonly highest: number;
  readonly postprocess: PostprocessOptions;
  readonly executor: string;
  /** Whether a folder of the corpus holds these recordings alone. */
  readonly isOwnSplit: boolean;
}

/** Whether the corpus has the split as a folder; ids begin with its name then, and not where participants.tsv says who is in it. */
function isFolder({ by, seed }: SplitRecord, split: string, ids: readonly string[]): boolean {
  return by === "official" && seed === undefined && ids.every((id) => id.startsWith(`${split}/`));
}

async function predictSplit(watch: RunWatch, given: PredictFlags, signal: AbortSignal): Promise<Predicted> {
  const flags = withOwnConfig(given);
  const found = await configOf(flags, ["cacheDir"]);
  const { config } = found;
  await watch.begin(partName(config.experiment.name, flags.shard));
  const calibration = flags.calibration === undefined ? undefined : await readCalibration(flags.calibration);
  const cacheDir = config.data.cache_dir;
  if (flags.config !== undefined) await requireSameChannels(flags.checkpoint, config);
  await reportOtherWindow(flags.checkpoint, found);
  const { manifest, record } = await configuredSplits(found, flags.split);
  const inSplit = manifest.recordings.filter(({ split }) => split === flags.split);
  const ids = shardOf(inSplit, flags.shard).map(({ id }) => id);
  const total = ids.length;
  if (flags.split === "eval") notify(`ictal: this uses the eval split: ${total} recordings`);
  await reportTrainedPatients(flags.checkpoint, inSplit, flags.split);
  const outDir = resolve(flags.out);
  const postprocess = postprocessFromConfig(config);
  const files = flags.events
    ? await openDetectionFiles(outDir, cacheDir, manifest.key, postprocess, flags.format)
    : undefined;
  const executor = await openExecutor(deviceFromConfig(config));
  const progress = watch.follow(createProgress());
  const eventFiles: string[] = [];
  let recordings = 0;
  let eegSeconds = 0;
  let highest = Number.NaN;
  let detections = 0;
  let detected = 0;
  try {
    const predictions = predictRecordings({
      checkpoint: flags.checkpoint,
      origin: await originOf(found),
      cacheDir,
      manifest,
      split: flags.split,
      ...(flags.shard ? { ids } : {}),
      executor,
      batchSize: config.training.batch_size,
      strideSeconds: predictionStrideFromConfig(config),
      stitching: stitchingFromConfig(config),
      rateHz: flags.rate,
      outDir,
      storeAs: flags.type,
      calibration: calibration && mapOf(calibration),
      allowOtherCache: flags.allowOtherCache,
      signal,
    });
    for await (const prediction of predictions) {
      if (recordings === 0) await removeDetections(outDir, cacheDir, manifest.key, ids);
      recordings += 1;
      eegSeconds += predictedCount(prediction) / prediction.rateHz;
      highest = highestOf(prediction.probability, highest);
      if (files) {
        const { file, events } = await files.write(prediction);
        eventFiles.push(file);
        detections += events;
        detected += events > 0 ? 1 : 0;
      }
      progress.update({ label: "predicting", done: recordings, total, unit: "recordings" });
    }
  } finally {
    progress.finish();
    await executor.dispose();
  }
  return {
    recordings,
    eegSeconds,
    ...{ eventFiles, detections, detected, highest, postprocess },
    executor: executor.name,
    isOwnSplit: isFolder(record, flags.split, ids),
  };
}

async function predict(watch: RunWatch, flags: PredictFlags): Promise<Outcome> {
  const started = performance.now();
  const found = await withInterrupt("finished predictions are kept", (signal) => predictSplit(watch, flags, signal));
  const { recordings, eegSeconds, eventFiles, executor, detections, highest } = found;
  const wallSeconds = (performance.now() - started) / 1000;
  const text = [
    `${recordings} recordings, ${(eegSeconds / 3600).toFixed(2)} h of EEG in ${wallSeconds.toFixed(1)} s, in ${flags.out}`,
  ];
  if (flags.events) text.push(`${detections} events in ${found.detected} of ${recordings} recordings`);
  const config = flags.config === undefined ? "" : ` --config ${flags.config}`;
  const silence = silenceText(highest, found.postprocess, {
    events: flags.events ? detections : undefined,
    search:
      flags.split === "dev"
        ? `with ictal threshold${config} --predictions ${flags.out}`
        : "on dev with ictal threshold",
  });
  if (silence !== undefined) text.push(silence);
  const common = commonFolder(eventFiles);
  const splitHint = found.isOwnSplit ? "" : ` --splits RUN --split ${flags.split}`;
  if (flags.events)
    text.push(`score them: ictal score --ref CORPUS/${common} --hyp ${join(flags.out, common)}${splitHint}`);
  const events = flags.events ? { events: eventFiles.length, eventsDir: join(flags.out, common), detections } : {};
  return {
    json: { out: flags.out, recordings, eegSeconds, wallSeconds, executor, highestProbability: highest, ...events },
    text: text.join("\n"),
  };
}

/** Names of formats, separated by commas, for commander. */
function parseFormats(text: string): EventFormat[] {
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !(EVENT_FORMATS as readonly string[]).includes(name));
  if (wrong === undefined) return [...new Set(names)] as EventFormat[]; // each is one of them
  throw new InvalidArgumentError(`found "${wrong}", expected one or more of ${EVENT_FORMATS.join(",")}`);
}

/** Values per second, for commander. */
function parseRate(text: string): number {
  const rate = Number(text);
  if (text.trim() !== "" && rate > 0 && Number.isFinite(rate)) return rate;
  throw new InvalidArgumentError("expected values per second, above 0, e.g. 1");
}

const HELP = `
Without --config the folder of an imported model (ictal model import) gives its own.
OUT holds the predictions of one checkpoint and one calibration, or none. Those of the same recordings that are there already, and their detections, are
replaced as a whole; predictions of other recordings by another checkpoint or calibration are refused.
With --events the detections are written to OUT with the folders and names that the recordings have in the corpus;
"ictal score" compares such a folder with the annotations of the corpus.
The morphological opening and closing of the post-processing are defined at 256 Hz (11 and 31 samples) and have no effect at
lower rates of probabilities; after the hysteresis they hardly change results. Use --rate 256 to apply them, if the network
has that output rate.

Examples:
  ictal predict --config configs/smoke_test.yaml --checkpoint results/smoke --out results/dev --events
  ictal score --ref data/corpus/edf/dev --hyp results/dev/edf/dev`;

/** Adds `ictal predict`. */
export function addPredictCommand(program: Command): void {
  addSplitOptions(addDataOptions(program.command("predict"), ["cacheDir"]))
    .description("predict seizure probabilities, one file per recording of a split, and optionally events")
    .requiredOption(
      "--checkpoint <path>",
      "a .safetensors file, a checkpoint, or the folder of a run or imported model",
    )
    .requiredOption("--out <dir>", "folder for the predictions")
    .option("--calibration <file>", "correct the probabilities as ictal calibrate found")
    .option("--split <name>", "train, dev or eval; all for every recording of a corpus without splits", "dev")
    .addOption(
      new Option("--type <name>", "data type of stored probabilities")
        .choices(["float16", "float32"])
        .default("float16"),
    )
    .option(
      "--rate <hz>",
      "probabilities per second: the output rate of the network or an integer fraction of it (default: the highest up to 16)",
      parseRate,
    )
    .option("--events", "also detect events, with the configured post-processing, and write them")
    .addOption(
      new Option("--format <names>", `formats of --events, comma-separated: ${EVENT_FORMATS.join(",")}`)
        .argParser(parseFormats)
        .default(["csv_bi"]),
    )
    .option("--shard <i/n>", "predict only part i (from 0) of n equal parts of the split", parseShard)
    .option("--allow-other-cache", "predict on a cache with other preprocessing than in training")
    .addHelpText("after", HELP)
    .action(action(watched("predict", predict)));
}
