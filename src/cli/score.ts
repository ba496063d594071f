import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { Command } from "commander";
import { FormatError, NotFoundError } from "../base/errors.js";
import type { Interval } from "../base/events.js";
import { type AnnotationFile, type AnnotationFormat, readAnnotations } from "../recording/annotation-file.js";
import { findRecordings, type RecordingFiles } from "../recording/annotation-folder.js";
import { classOf } from "../recording/labels.js";
import { seizureEvents } from "../recording/seizures.js";
import { scoreNedc } from "../scoring/nedc/score-nedc.js";
import { type ScoredPair, scoreSzcore } from "../scoring/score.js";
import { action, type Outcome, UsageError } from "./action.js";
import { type ScoreReport, scoreText } from "./score-text.js";

/** Formats a score is computed from, the preferred one first. */
const FORMATS: readonly AnnotationFormat[] = ["csv_bi", "tsv", "tse_bi", "csv", "tse"];

const SCORERS = ["szcore", "nedc", "all"];

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
    .option("--scorer <name>", "szcore, nedc (OVLP, TAES, EPOCH, DPALIGN, IRA) or all", "all")
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
  if (!SCORERS.includes(options.scorer))
    throw new UsageError(`invalid --scorer ${options.scorer}: allowed are ${SCORERS.join(", ")}`);
  const tolerance = Number(options.durationTolerance);
  if (options.durationTolerance.trim() === "" || !(tolerance >= 0))
    throw new UsageError(`invalid --duration-tolerance ${options.durationTolerance}: expected seconds, at least 0`);
  const references = await readTree(options.ref);
  if (references.size === 0) throw new NotFoundError(emptyText(options.ref), options.ref);
  const hypotheses = await readTree(options.hyp);
  if (hypotheses.size === 0)
    process.stderr.write(`ictal: ${emptyText(options.hyp)}; every recording counts as without detections\n`);
  refuseStrangers(references, hypotheses);
  const pairs = [...references].map(([id, reference]) => pairOf(id, reference, hypotheses.get(id), tolerance));
  const report: ScoreReport = {
    recordings: pairs.length,
    missing: pairs.map(({ id }) => id).filter((id) => !hypotheses.has(id)),
    ...(options.scorer === "nedc" ? {} : { szcore: scoreSzcore(pairs) }),
    ...(options.scorer === "szcore" ? {} : { nedc: scoreNedc(pairs) }),
  };
  return { json: report, text: scoreText(report) };
}

function emptyText(folder: string): string {
  return `no annotations under ${folder}; expected files that end in .${FORMATS.join(", .")}`;
}

/** Hypotheses are matched by relative path; a name that is only found elsewhere would score another recording. */
function refuseStrangers(references: ReadonlyMap<string, Scored>, hypotheses: ReadonlyMap<string, Scored>): void {
  const strangers = [...hypotheses.keys()].filter((id) => !references.has(id));
  const first = strangers[0];
  if (first === undefined) return;
  const namesake = [...references.keys()].find((id) => basename(id) === basename(first));
  const hint = namesake ? `; a reference of that name lies at ${namesake}: give both trees the same folders` : "";
  throw new NotFoundError(
    `${strangers.length} of ${hypotheses.size} hypotheses have no reference at the same relative path, e.g. ${first}${hint}; check --ref and --hyp`,
    first,
  );
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
    refuseLostRows(file, path);
    const id = join(relative(root, dirname(recording.stem)), basename(recording.stem));
    tree.set(id, { file: path, durationSeconds: file.durationSeconds, seizures: scoredEvents(file) });
  }
  return tree;
}

/** A row that cannot count would change a score unseen. */
function refuseLostRows({ findings }: AnnotationFile, file: string): void {
  const lost = findings.find(({ severity }) => severity === "error");
  if (lost)
    throw new FormatError(`${lost.message}; ${lost.action}`, { file, ...(lost.line ? { line: lost.line } : {}) });
}

/** Seizures as the scorers count them: rows of the binary formats one by one, channels and types of the others united. */
function scoredEvents(file: AnnotationFile): readonly Interval[] {
  if (file.format === "csv" || file.format === "tse") return seizureEvents(file);
  return file.events.filter(({ label }) => classOf(label) === "seizure");
}

function preferred({ annotations }: RecordingFiles): string | undefined {
  const format = FORMATS.find((name) => annotations.has(name));
  return format === undefined ? undefined : annotations.get(format);
}
