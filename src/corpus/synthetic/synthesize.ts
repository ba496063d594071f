import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { sha256 } from "@ictal/base/canonical";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { SYNTHETIC_MARKER } from "../synthetic-name.js";
import { clearForeign, intactRecordings, type Marker, readMarker } from "./corpus-folder.js";
import { type CorpusPlan, type CorpusPlanOptions, type PlannedRecording, planCorpus } from "./corpus-plan.js";
import type { Realism } from "./realism.js";

/** Which recordings to make, and who hears of it. */
export interface SynthesizeOptions extends CorpusPlanOptions {
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a synthetic corpus holds. */
export interface SyntheticReport {
  readonly dir: string;
  readonly seed: number;
  readonly recordings: number;
  /** Seizures by the corpus's own labels: in a varied corpus the marks of its first rater. */
  readonly seizures: number;
  readonly hours: number;
  readonly bytes: number;
  /** Patients by split. */
  readonly patients: Readonly<Record<string, number>>;
  /** Recordings that existed already, checked by hash. */
  readonly reused: number;
  /** Difficulty and parts of a varied corpus. */
  readonly realism?: Realism;
}

/**
 * Make a corpus in the layout of TUSZ v2 under `dir`: the same seed gives the same bytes everywhere. What is already
 * there from the same options is checked by hash and kept; damaged or missing recordings are written again, and all files
 * of an incomplete corpus. With `difficulty` or `realism` it is a varied corpus, whose folder `derivatives/` holds the csv_bi
 * files of a second rater (`rater-2`) and of what is truly in the signal (`truth`), and whose marker `synthetic.json` lists
 * every seizure's class and signal-to-noise ratio. ConfigError, before anything is written, when `dir` holds any other
 * files; RangeError on options outside their range.
 */
export async function synthesizeCorpus(dir: string, options: SynthesizeOptions = {}): Promise<SyntheticReport> {
  const { progress = silentProgress, signal } = options;
  const plan = planCorpus(options);
  const { recordings: selected, optionsHash } = plan;
  const before = await readMarker(dir);
  const intact =
    before?.optionsHash === optionsHash ? await intactRecordings(dir, selected, before, signal) : new Set<string>();
  if (before && intact.size === selected.length) return reportOf(dir, plan, before, intact.size);
  await clearForeign(dir, selected, before);
  await rm(join(dir, SYNTHETIC_MARKER), { force: true });
  const parts: MadeRecording[] = [];
  for (const [index, recording] of selected.entries()) {
    signal?.throwIfAborted();
    progress.update({
      label: "synthesize",
      done: index,
      total: selected.length,
      unit: "recordings",
      note: recording.id,
    });
    parts.push(before && intact.has(recording.id) ? keep(recording, before) : await make(dir, recording));
  }
  const marker = markerOf(plan, parts);
  await writeFileAtomic(join(dir, SYNTHETIC_MARKER), `${JSON.stringify(marker, null, 2)}\n`);
  progress.update({ label: "synthesize", done: selected.length, total: selected.length, unit: "recordings" });
  progress.finish();
  return reportOf(dir, plan, marker, intact.size);
}

/** What the marker says of one recording. */
interface MadeRecording {
  readonly id: string;
  readonly files: Marker["files"];
  readonly seizures: number;
  readonly facts: NonNullable<Marker["facts"]>[string] | undefined;
}

async function make(dir: string, recording: PlannedRecording): Promise<MadeRecording> {
  const { files, seizures, facts } = recording.make();
  for (const { path, bytes } of files) await writeFileAtomic(join(dir, path), bytes);
  return {
    id: recording.id,
    files: files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256(bytes) })),
    seizures,
    facts: facts && [...facts],
  };
}

function keep({ id, paths }: PlannedRecording, marker: Marker): MadeRecording {
  const own = new Set(paths);
  const files = marker.files.filter(({ path }) => own.has(path));
  return { id, files, seizures: marker.seizures[id] ?? 0, facts: marker.facts?.[id] };
}

function markerOf({ seed, optionsHash, realism }: CorpusPlan, parts: readonly MadeRecording[]): Marker {
  return {
    ...{ seed, optionsHash },
    files: parts.flatMap(({ files }) => files),
    seizures: Object.fromEntries(parts.map(({ id, seizures }) => [id, seizures])),
    ...(realism && {
      realism: { difficulty: realism.difficulty, parts: [...realism.parts] },
      facts: Object.fromEntries(parts.map(({ id, facts = [] }) => [id, facts])),
    }),
  };
}

function reportOf(dir: string, plan: CorpusPlan, marker: Marker, reused: number): SyntheticReport {
  const { recordings: selected, seed, realism } = plan;
  const splits = [...new Set(selected.map(({ split }) => split))];
  const patientsIn = (name: string) =>
    new Set(selected.filter(({ split }) => split === name).map(({ patient }) => patient)).size;
  return {
    ...{ dir, seed, reused },
    recordings: selected.length,
    seizures: Object.values(marker.seizures).reduce((sum, count) => sum + count, 0),
    hours: selected.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / 3600,
    bytes: marker.files.reduce((sum, { size }) => sum + size, 0),
    patients: Object.fromEntries(splits.map((name) => [name, patientsIn(name)])),
    ...(realism && { realism }),
  };
}
