/** References and hypotheses of `score`, read with the same checks as everywhere. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { NotFoundError } from "@ictal/base/errors";
import { notify } from "@ictal/base/printable";
import type { Event, Interval } from "../base/events.js";
import { type AnnotationFile, annotationFormatOf } from "../recording/annotation-file.js";
import { findRecordings } from "../recording/find-recordings.js";
import { concernsLabels, type Finding, invalidatesSeizures } from "../recording/finding.js";
import { labelClassOf } from "../recording/labels.js";
import { type LoadedAnnotations, readRecordingFiles } from "../recording/recording-files.js";
import { resolveLabels } from "../recording/resolve-labels.js";
import { seizureEvents } from "../recording/seizures.js";
import type { EvaluationPair } from "../scoring/szcore-evaluation.js";
import type { TypedDetections } from "../scoring/type-confusion.js";
import { DURATION_INVALID } from "./accept-option.js";
import { patientOfPath } from "./patient-name.js";

/** Annotations of a folder by relative path without ending. */
export type ScoreTree = ReadonlyMap<string, LoadedAnnotations>;

/** Why a recording is not scored: errors in its reference or hypothesis make its seizures uncertain. */
export interface RefusedRecording extends Pick<Finding, "file" | "line" | "message"> {
  readonly id: string;
  readonly side: "reference" | "hypothesis";
  /** A finding's code, or one that only `score` knows. */
  readonly code: Finding["code"] | typeof DURATION_INVALID;
}

export type ScorePair = TypedDetections & EvaluationPair;

/** What can be scored of two trees, and what not. */
export interface ScorePairs {
  readonly pairs: readonly ScorePair[];
  /** Recordings without a hypothesis; they count as without detections. */
  readonly missing: readonly string[];
  readonly refused: readonly RefusedRecording[];
  /** What was passed over, cut or counted in a way that should be known. */
  readonly notes: readonly Finding[];
}

/** Read the annotations under a folder, or those of one recording. NotFoundError when there are none. */
export async function readScoreTree(path: string, flag: string): Promise<ScoreTree> {
  const isFile = await stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
  const root = isFile ? dirname(path) : path;
  if (isFile && annotationFormatOf(path) === undefined)
    throw new NotFoundError(`${path} is not an annotation file; ${EXPECTED}; check ${flag}`, path);
  const tree = new Map<string, LoadedAnnotations>();
  for (const recording of await findRecordings(path)) {
    const { annotations, ofCorpus, compressed } = recording;
    if (annotations.size + ofCorpus.length + compressed.length === 0) continue;
    const id = join(relative(root, dirname(recording.stem)), basename(recording.stem));
    tree.set(id, await readRecordingFiles(recording));
  }
  leaveDerivativesAside(tree, flag);
  if ([...tree.values()].every(isStray))
    throw new NotFoundError(`no annotations under ${path}; ${EXPECTED}; check ${flag}`, path);
  return tree;
}

/** In a BIDS folder the annotations below `derivatives` are made from the recordings, by other experts for example: no recordings. */
function leaveDerivativesAside(tree: Map<string, LoadedAnnotations>, flag: string): void {
  const ids = [...tree.keys()];
  if (!ids.some((id) => id.startsWith("sub-"))) return;
  const derived = ids.filter((id) => /^derivatives[\\/]/.test(id));
  for (const id of derived) tree.delete(id);
  if (derived.length > 0)
    notify(
      `ictal: ${derived.length} annotation files below derivatives are left aside; to use some, give their folder as ${flag}`,
    );
}

const EXPECTED = "expected files with the extension .csv_bi, .tsv, .tse_bi, .csv or .tse";

/** True for a table that is not an annotation file and belongs to no recording. */
function isStray({ files, readErrors }: LoadedAnnotations): boolean {
  return files.length === 0 && readErrors.every(({ severity }) => severity !== "error");
}

/** Hypotheses are matched by relative path; a name that is only found elsewhere would score another recording. */
function refuseUnmatched(references: ScoreTree, hypotheses: ScoreTree, flag: string): void {
  const unmatched = [...hypotheses].filter(([id, read]) => !references.has(id) && !isStray(read)).map(([id]) => id);
  const first = unmatched[0];
  if (first === undefined) return;
  const namesake = [...references.keys()].find((id) => basename(id) === basename(first));
  const hint = namesake
    ? `; there is a reference with that name at ${namesake}: use the same folders in both trees`
    : "";
  throw new NotFoundError(
    `${unmatched.length} of ${hypotheses.size} hypotheses have no reference at the same relative path, e.g. ${first}${hint}; check --ref and ${flag}`,
    first,
  );
}

/** Pair references with hypotheses, which `flag` names. A recording with label errors on either side is refused, not scored as one without events. */
export function pairTrees(
  references: ScoreTree,
  hypotheses: ScoreTree,
  toleranceSeconds: number,
  flag = "--hyp",
): ScorePairs {
  refuseUnmatched(references, hypotheses, flag);
  const pairs: ScorePair[] = [];
  const missing: string[] = [];
  const refused: RefusedRecording[] = [];
  const notes: Finding[] = [...hypotheses].flatMap(([id, read]) => (references.has(id) ? [] : read.readErrors));
  for (const [id, reference] of references) {
    const hypothesis = hypotheses.get(id);
    if (isStray(reference) && hypothesis === undefined) {
      notes.push(...reference.readErrors);
      continue;
    }
    const made = pairOf(id, reference, hypothesis, toleranceSeconds);
    notes.push(...made.notes);
    if (made.refused.length > 0) refused.push(...made.refused);
    else if (made.pair) pairs.push(made.pair);
    if (hypothesis === undefined && made.pair) missing.push(id);
  }
  return { pairs, missing, refused, notes };
}

interface Side {
  readonly events: readonly Interval[];
  readonly typed: readonly Event[];
  readonly findings: readonly Finding[];
  /** Nothing was read of it. */
  readonly isEmpty: boolean;
}

const claimOf = ({ files }: LoadedAnnotations) =>
  files.find((file) => file.durationSeconds !== undefined)?.durationSeconds;

function judge(read: LoadedAnnotations, durationSeconds: number | undefined): Side {
  const recordingSeconds = read.recordingSeconds ?? (claimOf(read) === undefined ? durationSeconds : undefined);
  const { timingFile, typeFile, findings } = resolveLabels({ ...read, recordingSeconds });
  if (!timingFile) return { events: [], typed: [], findings, isEmpty: true };
  const rows = { events: timingFile.events, ...(durationSeconds === undefined ? {} : { durationSeconds }) };
  const events = [...scoredEvents(timingFile), ...timingFile.instants];
  return { events, typed: [...seizureEvents(rows, typeFile), ...timingFile.instants], findings, isEmpty: false };
}

/** Seizures as the scorers count them: rows of the binary formats one by one, channels and types of the others united. */
function scoredEvents(file: AnnotationFile): readonly Interval[] {
  if (file.format === "csv" || file.format === "tse") return seizureEvents(file);
  return file.events.filter(({ label }) => labelClassOf(label) === "seizure");
}

interface Made {
  readonly pair?: ScorePair;
  readonly refused: readonly RefusedRecording[];
  readonly notes: readonly Finding[];
}

function pairOf(
  id: string,
  reference: LoadedAnnotations,
  hypothesis: LoadedAnnotations | undefined,
  toleranceSeconds: number,
): Made {
  const other = hypothesis && (claimOf(hypothesis) ?? hypothesis.recordingSeconds);
  const durationSeconds = claimOf(reference) ?? reference.recordingSeconds ?? other;
  const ref = judge(reference, durationSeconds);
  const hyp = hypothesis && judge(hypothesis, durationSeconds);
  const refused: RefusedRecording[] = [
    ...doubtsOf(id, "reference", ref),
    ...(hyp ? doubtsOf(id, "hypothesis", hyp) : []),
  ];
  const notes = [...notesOf(ref), ...(hyp ? notesOf(hyp) : [])];
  const refuse = (side: RefusedRecording["side"], code: RefusedRecording["code"], message: string) => {
    const { files, readErrors } = side === "reference" ? reference : (hypothesis ?? reference);
    refused.push({ id, side, file: (files[0] ?? readErrors[0])?.file ?? id, code, message });
  };
  if (durationSeconds !== undefined && !(durationSeconds > 0))
    refuse(
      "reference",
      DURATION_INVALID,
      `its duration is ${durationSeconds} s, expected more than 0; write the duration of the recording to the header`,
    );
  if (refused.length > 0) return { refused, notes };
  if (durationSeconds === undefined)
    refuse(
      "reference",
      "duration-missing",
      "has no duration, and neither has the hypothesis; write the duration of the recording to the header",
    );
  else if (other !== undefined && Math.abs(other - durationSeconds) > toleranceSeconds)
    refuse(
      "hypothesis",
      "durations-differ",
      `lasts ${other} s, the reference ${durationSeconds} s; the maximum difference is ${toleranceSeconds} s (--duration-tolerance)`,
    );
  else if (hyp?.events.some(({ startSeconds }) => startSeconds > durationSeconds))
    refuse(
      "hypothesis",
      "starts-past-the-end",
      `a detection starts after the end of the reference, ${durationSeconds} s`,
    );
  if (durationSeconds === undefined || refused.length > 0) return { refused, notes };
  const pair = {
    id,
    patient: patientOfPath(id),
    durationSeconds,
    reference: ref.events,
    hypothesis: hyp?.events ?? [],
    typed: ref.typed,
    typedHypothesis: hyp?.typed ?? [],
    ...(other === undefined ? {} : { hypothesisSeconds: other }),
  };
  return { pair, refused, notes };
}

function doubtsOf(id: string, side: RefusedRecording["side"], { findings, isEmpty }: Side): RefusedRecording[] {
  const doubts = findings.filter((finding) => invalidatesSeizures(finding) || isEmpty);
  return doubts.map(({ file, line, code, message }) => ({ id, side, file, ...(line && { line }), code, message }));
}

/** Warnings about labels, and rows without a length with how they count. */
function notesOf({ findings }: Side): Finding[] {
  return findings.flatMap((finding) => {
    if (finding.severity === "info" || !concernsLabels(finding) || invalidatesSeizures(finding)) return [];
    if (finding.code !== "zero-length" || finding.severity === "warning") return [finding];
    const [times] = finding.message.split(" have no length");
    const message = `${times} have no length; scorers of event lists (SzCORE's events, NEDC's OVLP, TAES and DPALIGN) count the row, those of samples and masks do not`;
    return [{ ...finding, severity: "warning" as const, message }];
  });
}
