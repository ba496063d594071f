import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { Command } from "commander";
import { FormatError, NotFoundError } from "../base/errors.js";
import type { Interval } from "../base/events.js";
import type { AnnotationFormat } from "../recording/annotation-file.js";
import { readAnnotations } from "../recording/annotation-file.js";
import { findRecordings, type RecordingFiles } from "../recording/annotation-folder.js";
import { seizureEvents } from "../recording/seizures.js";
import { type ScoredPair, type SzcoreReport, scoreSzcore } from "../scoring/score.js";
import type { SzcoreRates } from "../scoring/szcore.js";
import { action, type Outcome, UsageError } from "./action.js";

/** Formats a score is computed from, the preferred one first. */
const FORMATS: readonly AnnotationFormat[] = ["csv_bi", "tsv", "tse_bi", "csv", "tse"];

interface ScoreOptions {
  readonly ref: string;
  readonly hyp: string;
  readonly scorer: string;
  readonly durationTolerance: string;
}

/** Adds `score`. */
export function addScoreCommand(program: Command): void {
  program
    .command("score")
    .description("score detections against a reference; a recording without a hypothesis counts as no detections")
    .requiredOption("--ref <dir>", "folder of reference annotations (csv_bi, tsv, tse_bi, csv, tse)")
    .requiredOption("--hyp <dir>", "folder of detections, same relative paths")
    .option("--scorer <name>", "szcore", "szcore")
    .option("--duration-tolerance <seconds>", "largest accepted difference of durations", "0.1")
    .option("--json", "print one JSON document")
    .action(action((options: ScoreOptions) => score(options)));
}

interface Scored {
  readonly file: string;
  readonly durationSeconds?: number;
  readonly seizures: readonly Interval[];
}

async function score(options: ScoreOptions): Promise<Outcome> {
  if (options.scorer !== "szcore") throw new UsageError(`invalid --scorer ${options.scorer}: known is szcore`);
  const tolerance = Number(options.durationTolerance);
  if (!(tolerance >= 0))
    throw new UsageError(`invalid --duration-tolerance ${options.durationTolerance}: expected seconds, at least 0`);
  const references = await readTree(options.ref);
  const hypotheses = await readTree(options.hyp);
  if (references.size === 0) {
    throw new NotFoundError(
      `no annotations under ${options.ref}; expected files that end in .${FORMATS.join(", .")}`,
      options.ref,
    );
  }
  const strangers = [...hypotheses.keys()].filter((id) => !references.has(id));
  if (strangers.length > 0) {
    throw new NotFoundError(
      `${strangers.length} hypotheses have no reference at the same relative path, e.g. ${strangers[0]}; check --ref and --hyp`,
      strangers[0]!,
    );
  }
  const pairs = [...references].map(([id, reference]) => pairOf(id, reference, hypotheses.get(id), tolerance));
  const missing = pairs.map(({ id }) => id).filter((id) => !hypotheses.has(id));
  const szcore = scoreSzcore(pairs);
  return { json: { recordings: pairs.length, missing, szcore }, text: scoreText(szcore, pairs.length, missing) };
}

function pairOf(id: string, reference: Scored, hypothesis: Scored | undefined, tolerance: number): ScoredPair {
  const durationSeconds = reference.durationSeconds ?? hypothesis?.durationSeconds;
  if (durationSeconds === undefined) {
    throw new FormatError("has no duration, and neither has the hypothesis; write it in the header", {
      file: reference.file,
    });
  }
  const other = hypothesis?.durationSeconds;
  if (other !== undefined && Math.abs(other - durationSeconds) > tolerance) {
    throw new FormatError(
      `lasts ${other} s, the reference ${durationSeconds} s; they may differ by ${tolerance} s (--duration-tolerance)`,
      { file: hypothesis!.file, field: "duration" },
    );
  }
  return { id, durationSeconds, reference: reference.seizures, hypothesis: hypothesis?.seizures ?? [] };
}

/** Annotations of a tree by relative path without extension; each recording's preferred format is read. */
async function readTree(root: string): Promise<Map<string, Scored>> {
  const tree = new Map<string, Scored>();
  for (const recording of await findRecordings(root)) {
    const path = preferred(recording);
    if (!path) continue;
    const file = readAnnotations(await readFile(path, "utf8"), { file: path });
    const id = join(relative(root, dirname(recording.stem)), basename(recording.stem));
    tree.set(id, { file: path, durationSeconds: file.durationSeconds, seizures: seizureEvents(file) });
  }
  return tree;
}

function preferred({ annotations }: RecordingFiles): string | undefined {
  const format = FORMATS.find((name) => annotations.has(name));
  return format === undefined ? undefined : annotations.get(format);
}

function rate(value: number, digits = 3): string {
  return Number.isNaN(value) ? "n/a" : value.toFixed(digits);
}

function line(name: string, rates: SzcoreRates): string {
  const { refTrue, tp, fp, sensitivity, precision, f1, fpPerDay } = rates;
  return `${name.padEnd(7)} ${String(refTrue).padStart(9)} ${String(tp).padStart(7)} ${String(fp).padStart(7)} ${rate(sensitivity).padStart(11)} ${rate(precision).padStart(9)} ${rate(f1).padStart(7)} ${rate(fpPerDay, 1).padStart(10)}`;
}

function scoreText({ event, sample }: SzcoreReport, recordings: number, missing: readonly string[]): string {
  return [
    `SzCORE, pooled over ${recordings} recordings`,
    "        reference      tp      fp sensitivity precision      f1 fp per day",
    line("event", event),
    line("sample", sample),
    ...(missing.length > 0
      ? [
          `no hypothesis for ${missing.length} recordings (counted as no detections): ${missing.slice(0, 10).join(", ")}`,
        ]
      : []),
  ].join("\n");
}
