import { action, type Outcome, UsageError } from "@ictal/base/action";
import { parseCount } from "@ictal/base/flags";
import { printableAll } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { type Command, Option } from "commander";
import { type CorpusReport, checkCorpus } from "../corpus/check.js";
import { inspectedShardsReader, inspectShard } from "../corpus/inspect-shards.js";
import { LAYOUTS, type LayoutName } from "../corpus/layouts.js";
import { readSplits } from "../corpus/splits.js";
import { synthesizeCorpus } from "../corpus/synthetic/synthesize.js";
import { openStore } from "../store/open-store.js";
import type { Store } from "../store/store.js";
import { corpusText } from "./corpus-text.js";
import { parseShard, type Shard } from "./data-options.js";

interface CheckFlags {
  readonly layout?: LayoutName;
  readonly limit?: number;
  readonly shard?: Shard;
  readonly parts?: string;
  readonly splits?: string;
}

interface SynthFlags {
  readonly seed: number;
  readonly recordings?: number;
  readonly maxSeconds?: number;
  readonly background?: number;
}

/** Adds `corpus check` and `corpus synth`. */
export function addCorpusCommand(program: Command): void {
  const corpus = program.command("corpus").description("look at a corpus of recordings, or make one");
  corpus
    .command("check")
    .description(
      "read every header, annotation file and the timestamps at both ends, count, and compare with known releases; exit code 1 on errors",
    )
    .argument("<place>", "folder or s3://bucket/prefix; the corpus or any folder above or below its edf/")
    .addOption(new Option("--layout <name>", "how the corpus lies in folders").choices(LAYOUTS.map(({ name }) => name)))
    .option("--limit <count>", "only so many recordings, some of every split", parseCount(1))
    .option("--splits <folder>", "split files (train.txt, dev.txt, …: patient ids) instead of the folders' splits")
    .option(
      "--shard <i/n>",
      "only look at part i (from 0) of n equal parts and keep what is found in --parts",
      parseShard,
    )
    .option("--parts <folder>", "folder of what the parts found; without --shard the report is made from it")
    .option("--json", "print one JSON document")
    .action(action((place: string, flags: CheckFlags) => check(place, flags)));
  corpus
    .command("synth")
    .description("make a synthetic corpus in the layout of TUSZ v2; the same seed gives the same bytes")
    .argument("<folder>", "an empty or new folder, or one made before, which is checked and completed")
    .option("--seed <number>", "seed of everything random", parseCount(0), 42)
    .option("--recordings <count>", "fewer recordings, some of every split", parseCount(1))
    .option("--max-seconds <seconds>", "shorten longer recordings", parseCount(20))
    .option("--background <count>", "recordings of half an hour without seizures in train, at most 4", parseCount(0, 4))
    .option("--json", "print one JSON document")
    .action(action((folder: string, flags: SynthFlags) => synth(folder, flags)));
}

function openPlace(place: string): Store {
  try {
    return openStore(place);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

async function check(place: string, flags: CheckFlags): Promise<Outcome> {
  const { parts } = flags;
  if (flags.shard && parts === undefined) throw new UsageError("--shard needs --parts: the folder for what it finds");
  const store = openPlace(place);
  const options = {
    ...(flags.layout ? { layout: flags.layout } : {}),
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    ...(flags.splits === undefined ? {} : { splits: await readSplits(flags.splits) }),
    progress: createProgress({ intervalMilliseconds: 1000 }),
  };
  try {
    if (flags.shard && parts !== undefined) {
      const recordings = await inspectShard(store, parts, flags.shard, options);
      return { json: { recordings }, text: `${recordings} recordings, kept in ${parts}` };
    }
    const inspect = parts === undefined ? {} : { inspect: inspectedShardsReader(parts) };
    const report = await checkCorpus(store, { ...options, ...inspect });
    return { json: report, text: corpusText(printableAll(report)), exitCode: hasErrors(report) ? 1 : 0 };
  } finally {
    await store.close?.();
  }
}

function hasErrors({ findings }: CorpusReport): boolean {
  return findings.some(({ severity }) => severity === "error");
}

async function synth(folder: string, { seed, recordings, maxSeconds, background }: SynthFlags): Promise<Outcome> {
  const report = await synthesizeCorpus(folder, {
    seed,
    ...(recordings === undefined ? {} : { recordings }),
    ...(maxSeconds === undefined ? {} : { maxDurationSeconds: maxSeconds }),
    ...(background === undefined ? {} : { background }),
    progress: createProgress({ intervalMilliseconds: 1000 }),
  });
  const patients = Object.entries(report.patients).map(([split, count]) => `${count} in ${split}`);
  const text = [
    `${report.dir}: ${report.recordings} recordings, ${report.hours.toFixed(2)} h, ${report.seizures} seizures, ${(report.bytes / 1e6).toFixed(1)} MB, seed ${report.seed}`,
    `patients: ${patients.join(", ")}`,
    report.reused === report.recordings
      ? "all were there already and are intact"
      : `${report.recordings - report.reused} made, ${report.reused} were there already`,
  ];
  return { json: report, text: text.join("\n") };
}
