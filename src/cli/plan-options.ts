/** Flags of plans, for `ictal shard plan` and `ictal slurm`. */
import { collect, parseCount } from "@ictal/base/flags";
import type { Command } from "commander";
import type { PlanKind } from "../cluster/plan.js";
import { acceptOption } from "./accept-option.js";
import { cacheDirOption, configurationOption, type DataFlags, dataDirOption, setOption } from "./data-options.js";
import { addFoldOptions } from "./fold-options.js";

/** Flags of every kind; each kind reads its own. */
export interface PlanFlags extends DataFlags {
  readonly dir?: string;
  readonly array: number;
  readonly limit?: number;
  readonly accept?: readonly string[];
  readonly workers?: number;
  readonly checkpoint?: string;
  readonly out?: string;
  readonly split: string;
  readonly events?: boolean;
  readonly type?: string;
  readonly ref?: string;
  readonly hyp?: string[];
  readonly leaveOnePatientOut?: boolean | undefined;
  readonly seeds?: number | undefined;
}

/** Kinds of plan with their descriptions in --help. */
export const KINDS: Readonly<Record<PlanKind, string>> = {
  cache: "build a cache in parallel, then write its manifest",
  check: "check a corpus in parallel",
  predict: "predict the recordings of a split in parallel",
  score: "score several folders of detections against one reference; writes one table",
  train: "train; a job that reaches its time limit is resumed by the next job",
  crossval: "train and predict every fold of a cross-validation in parallel, then score and report them",
  sweep: "train with every combination of values of a sweep (--config is the sweep file); writes one table",
};

/** Adds the flags that a plan of `kind` takes. */
export function addPlanOptions(command: Command, kind: PlanKind): Command {
  command.option("--dir <folder>", "folder for the plan, its receipts and logs (default: results/shards/KIND-NAME)");
  if (kind !== "score") {
    const file = kind === "sweep" ? "sweep (YAML)" : "configuration (YAML)";
    command.addOption(configurationOption("--config <file>", file));
    command.addOption(setOption());
  }
  if (kind === "cache" || kind === "check" || kind === "predict")
    command.option("--array <n>", "number of shards", parseCount(1), 16);
  if (kind === "cache" || kind === "check") {
    command.addOption(dataDirOption());
    command.option("--limit <n>", "maximum number of recordings", parseCount(1));
  }
  if (kind !== "check" && kind !== "score") command.addOption(cacheDirOption());
  if (kind === "cache") {
    command.addOption(acceptOption("cache", "codes for which a recording may be excluded or have unknown labels"));
    command.option("--workers <n>", "worker threads per shard (default: one per core)", parseCount(0));
  }
  if (kind === "predict") {
    command.requiredOption("--checkpoint <path>", "a .safetensors file, a checkpoint folder, or the folder of a run");
    command.requiredOption("--out <dir>", "folder for the predictions");
    command.option("--split <name>", "train, dev or eval", "dev");
    command.option("--events", "also detect events and write them as csv_bi");
    command.option("--type <name>", "data type of stored probabilities: float16 or float32");
  }
  if (kind === "score") {
    command.requiredOption("--ref <dir>", "folder of reference annotations");
    command.requiredOption("--hyp <dir>", "folder of detections; repeatable", collect);
  }
  if (kind === "crossval") addFoldOptions(command);
  return command.option("--json", "print one JSON document");
}
