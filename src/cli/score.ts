import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { Command } from "commander";
import { FormatError, NotFoundError } from "../base/errors.js";
import type { Event, Interval } from "../base/events.js";
import { type AnnotationFile, readAnnotations } from "../recording/annotation-file.js";
import { findRecordings, type RecordingFiles } from "../recording/annotation-folder.js";
import type { AnnotationFormat } from "../recording/annotation-rows.js";
import { classOf } from "../recording/labels.js";
import { seizureEvents } from "../recording/seizures.js";
import { breakdown } from "../scoring/breakdown.js";
import { scoreNedc } from "../scoring/nedc/score-nedc.js";
import { onsetLatency } from "../scoring/onset-latency.js";
import { scoreSzcore } from "../scoring/score.js";
import { compareDetectors, scoreIntervals } from "../scoring/score-intervals.js";
import { type EvaluationPair, scoreSzcoreEvaluation } from "../scoring/szcore-evaluation.js";
import type { TypedDetections } from "../scoring/type-confusion.js";
import { action, type Outcome, UsageError } from "./action.js";
import { addBootstrapOptions, type BootstrapFlags, bootstrapOf } from "./bootstrap-flags.js";
import { patientOfPath } from "./patient-name.js";
import { writeScorePage } from "./score-page.js";
import { type ScoreReport, scoreText } from "./score-text.js";

/** Formats a score is computed from, the preferred one first. */
const FORMATS: readonly AnnotationFormat[] = ["csv_bi", "tsv", "tse_bi", "csv", "tse"];

const SCORERS = ["szcore", "szcore-1hz", "nedc", "all"];

interface ScoreOptions extends BootstrapFlags {
  readonly ref: string;
  readonly hyp: string;
  readonly scorer: string;
  readonly durationTolerance: string;
  readonly compare?: string;
  readonly intervals?: boolean;
  readonly breakdown?: boolean;
  readonly report?: string;
}

/** Adds `score`. */
export function addScoreCommand(program: Command): void {
  const command = program
    .command("score")
    .description("score detections against a reference; a recording without a hypothesis counts as no detections")
    .requiredOption("--ref <dir>", "folder of reference annotations (csv_bi, tsv, tse_bi, csv, tse)")
    .requiredOption("--hyp <dir>", "folder of detections, same relative paths")
    .option(
      "--scorer <name>",
      "szcore, szcore-1hz (szcore-evaluation's path), nedc (OVLP, TAES, EPOCH, DPALIGN, IRA) or all",
      "all",
    )
    .option("--duration-tolerance <seconds>", "largest accepted difference of durations", "0.1")
    .option("--compare <dir>", "detections of a second detector: differences by a paired bootstrap over patients")
    .option("--intervals", "intervals of the pooled scores by a bootstrap over patients")
    .option(
      "--breakdown",
      "sensitivity by seizure type (from csv beside csv_bi), by length and by patient; onset latency",
    )
    .option("--report <file>", "write scores, figures and worst recordings as one HTML page");
  addBootstrapOptions(command)
    .option("--json", "print one JSON document")
    .action(action((options: ScoreOptions) => score(options)));
}

interface Scored {
  readonly file: string;
  readonly durationSeconds?: number;
  readonly seizures: readonly Interval[];
  /** Seizures with their types, from a per-channel file where there is one. */
  readonly typed: readonly Event[];
}

async function score(options: ScoreOptions): Promise<Outcome> {
  if (!SCORERS.includes(options.scorer))
    throw new UsageError(`invalid --scorer ${options.scorer}: allowed are ${SCORERS.join(", ")}`);
  const tolerance = Number(options.durationTolerance);
  if (options.durationTolerance.trim() === "" || !(tolerance >= 0 && Number.isFinite(tolerance)))
    throw new UsageError(`invalid --duration-tolerance ${options.durationTolerance}: expected seconds, at least 0`);
  const bootstrap = bootstrapOf(options);
  const references = await readTree(options.ref);
  if (references.size === 0) throw new NotFoundError(emptyText(options.ref), options.ref);
  const { pairs, missing } = await pairsOf(references, options.hyp, tolerance);
  const second = options.compare === undefined ? undefined : await pairsOf(references, options.compare, tolerance);
  const asks = (name: string) => options.scorer === name || options.scorer === "all";
  const report: ScoreReport = {
    recordings: pairs.length,
    missing,
    ...(asks("szcore") ? { szcore: scoreSzcore(pairs) } : {}),
    ...(asks("szcore-1hz") ? { szcore1Hz: scoreSzcoreEvaluation(pairs, { durationToleranceSeconds: tolerance }) } : {}),
    ...(asks("nedc") ? { nedc: scoreNedc(pairs) } : {}),
    ...(options.intervals ? { intervals: scoreIntervals(pairs, bootstrap) } : {}),
    ...(options.breakdown ? { breakdown: breakdown(pairs), latency: onsetLatency(pairs) } : {}),
    ...(second ? { comparison: { ...compareDetectors(pairs, second.pairs, bootstrap), missing: second.missing } } : {}),
  };
  if (options.report !== undefined) {
    const { ref, hyp, scorer } = options;
    await writeScorePage(options.report, report, pairs, { reference: ref, hypothesis: hyp, scorer });
  }
  return { json: report, text: scoreText(report) };
}

interface Paired {
  readonly pairs: readonly (TypedDetections & EvaluationPair)[];
  /** Recordings without a hypothesis. */
  readonly missing: readonly string[];
}

async function pairsOf(references: ReadonlyMap<string, Scored>, dir: string, tolerance: number): Promise<Paired> {
  const hypotheses = await readTree(dir);
  if (hypotheses.size === 0)
    process.stderr.write(`ictal: ${emptyText(dir)}; every recording counts as without detections\n`);
  refuseStrangers(references, hypotheses);
  const pairs = [...references].map(([id, reference]) => pairOf(id, reference, hypotheses.get(id), tolerance));
  return { pairs, missing: pairs.map(({ id }) => id).filter((id) => !hypotheses.has(id)) };
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

function pairOf(
  id: string,
  reference: Scored,
  hypothesis: Scored | undefined,
  tolerance: number,
): TypedDetections & EvaluationPair {
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
  return {
    id,
    patient: patientOfPath(id),
    durationSeconds,
    reference: reference.seizures,
    hypothesis: hypothesis?.seizures ?? [],
    typed: reference.typed,
    typedHypothesis: hypothesis?.typed ?? [],
    ...(other === undefined ? {} : { hypothesisSeconds: other }),
  };
}

/** Annotations of a tree by relative path without extension; each recording's preferred format is read. */
async function readTree(root: string): Promise<Map<string, Scored>> {
  const tree = new Map<string, Scored>();
  for (const recording of await findRecordings(root)) {
    const path = preferred(recording);
    if (!path) continue;
    const file = await readSound(path);
    const perChannel = recording.annotations.get("csv") ?? recording.annotations.get("tse");
    const typed = seizureEvents(file, perChannel && perChannel !== path ? await readSound(perChannel) : undefined);
    const id = join(relative(root, dirname(recording.stem)), basename(recording.stem));
    tree.set(id, { file: path, durationSeconds: file.durationSeconds, seizures: scoredEvents(file), typed });
  }
  return tree;
}

async function readSound(path: string): Promise<AnnotationFile> {
  const file = readAnnotations(await readFile(path, "utf8"), { file: path });
  refuseLostRows(file, path);
  return file;
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
