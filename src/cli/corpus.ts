import { action, type Outcome, UsageError } from "@ictal/base/action";
import { parseCount } from "@ictal/base/flags";
import { printableAll } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { type Command, Option } from "commander";
import { type CorpusReport, checkCorpus } from "../corpus/check.js";
import { inspectedShardsReader, inspectShard } from "../corpus/inspect-shards.js";
import { LAYOUTS, type LayoutName } from "../corpus/layouts.js";
import { readSplits } from "../corpus/splits.js";
import { openStore } from "../store/open-store.js";
import type { Store } from "../store/store.js";
import { addInjectCommands } from "./corpus-inject.js";
import { addSynthCommand } from "./corpus-synth.js";
import { corpusText } from "./corpus-text.js";
import { parseShard, type Shard } from "./data-options.js";

interface CheckFlags {
  readonly layout?: LayoutName;
  readonly limit?: number;
  readonly shard?: Shard;
  readonly parts?: string;
  readonly splits?: string;
}

/** Adds `corpus check`, `synth`, `inject` and `snr`. */
export function addCorpusCommand(program: Command): void {
  const corpus = program
    .command("corpus")
    .description("check a corpus of recordings, create a synthetic one, or inject seizures");
  corpus
    .command("check")
    .description(
      "read all headers, annotation files and the first and last timestamps, count, and compare with known releases; exit code 1 on errors",
    )
    .argument("<corpus>", "folder or s3://bucket/prefix: the corpus, or a folder above or below its edf/")
    .addOption(
      new Option("--layout <name>", "folder layout of the corpus (default: detected)").choices(
        LAYOUTS.map(({ name }) => name),
      ),
    )
    .option("--limit <count>", "maximum number of recordings, some of every split", parseCount(1))
    .option("--splits <folder>", "split files (train.txt, dev.txt, …: patient ids) instead of the folders' splits")
    .option("--shard <i/n>", "check only part i (from 0) of n equal parts and write the results to --parts", parseShard)
    .option("--parts <folder>", "folder for the results of the parts; without --shard the report is created from it")
    .option("--json", "print one JSON document")
    .action(action((url: string, flags: CheckFlags) => check(url, flags)));
  addSynthCommand(corpus);
  addInjectCommands(corpus);
}

function openCorpusStore(url: string): Store {
  try {
    return openStore(url);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

async function check(url: string, flags: CheckFlags): Promise<Outcome> {
  const { parts } = flags;
  if (flags.shard && parts === undefined) throw new UsageError("--shard needs --parts, the folder for its results");
  const store = openCorpusStore(url);
  const options = {
    ...(flags.layout ? { layout: flags.layout } : {}),
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    ...(flags.splits === undefined ? {} : { splits: await readSplits(flags.splits) }),
    progress: createProgress({ intervalMilliseconds: 1000 }),
  };
  try {
    if (flags.shard && parts !== undefined) {
      const recordings = await inspectShard(store, parts, flags.shard, options);
      return { json: { recordings }, text: `${recordings} recordings checked, results in ${parts}` };
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
