import { hashOf } from "@ictal/base/canonical";
import { requireCounts, requireNumber } from "@ictal/base/options";
import { limitRecordings } from "../limit.js";
import { pathsOf, type SynthesizedFile, synthesizeRecording } from "./files.js";
import { type Realism, realismOf } from "./realism.js";
import {
  BACKGROUND_RECORDINGS,
  SYNTHETIC_RECORDINGS,
  type SyntheticRecording,
  selectRecordings,
} from "./recording-table.js";
import { type SeizureFacts, synthesizeVaried, variedPathsOf } from "./varied-files.js";
import {
  LEAST_VARIED_PATIENTS,
  MOST_VARIED_PATIENTS,
  VARIED_PATIENTS,
  type VariedRecording,
  variedRecordings,
} from "./varied-table.js";

/** Changes whenever the bytes of any file of the plain corpus would. */
const GENERATOR_VERSION = 1;
/** Changes whenever the bytes of any file of a varied corpus would. */
const VARIED_VERSION = 1;

/** Which synthetic corpus. */
export interface CorpusPlanOptions {
  /** @default 42 */
  readonly seed?: number | undefined;
  /** Number of recordings; fewer keep some of every split. @default all: 30 of the plain corpus, two a patient of a varied one */
  readonly recordings?: number | undefined;
  /** Longer recordings are made this long; their seizures are shortened to fit. @default 600 */
  readonly maxDurationSeconds?: number | undefined;
  /** Seizure-free recordings of half an hour in train beside the others, at most 4; plain corpus only. @default 0 */
  readonly background?: number | undefined;
  /** Makes a varied corpus, from 0 (easy) to 1. @default none: the plain corpus; 0.5 where `realism` is given */
  readonly difficulty?: number | undefined;
  /** Parts of a varied corpus (`REALISM_PARTS`). @default all where `difficulty` is given */
  readonly realism?: readonly string[] | undefined;
  /** Patients of a varied corpus. @default 90 */
  readonly patients?: number | undefined;
}

/** One recording that is to be made. */
export interface PlannedRecording
  extends Pick<SyntheticRecording<string>, "id" | "split" | "patient" | "durationSeconds"> {
  readonly paths: readonly string[];
  make(): { files: SynthesizedFile[]; seizures: number; facts?: readonly SeizureFacts[] };
}

/** A synthetic corpus before a single sample exists. */
export interface CorpusPlan {
  readonly seed: number;
  readonly recordings: readonly PlannedRecording[];
  /** Hash of everything that the bytes depend on. */
  readonly optionsHash: string;
  readonly realism?: Realism;
}

/** The corpus that the options name. RangeError and ConfigError on options that name none. */
export function planCorpus(options: CorpusPlanOptions): CorpusPlan {
  const { seed = 42, maxDurationSeconds = 600 } = options;
  requireNumber("seed", seed, { isWhole: true });
  if (options.recordings !== undefined) requireCounts({ recordings: options.recordings });
  if (!(Number.isInteger(maxDurationSeconds) && maxDurationSeconds >= 20)) {
    throw new RangeError(`invalid maxDurationSeconds: ${maxDurationSeconds}; a whole number of at least 20`);
  }
  const realism = realismOf(options.difficulty, options.realism);
  const settled = { ...options, seed, maxDurationSeconds };
  return realism ? planVaried(settled, realism) : planPlain(settled);
}

type Settled = CorpusPlanOptions & { readonly seed: number; readonly maxDurationSeconds: number };

function planPlain({ seed, maxDurationSeconds, background = 0, patients, ...rest }: Settled): CorpusPlan {
  if (patients !== undefined) {
    throw new RangeError(
      `invalid patients: ${patients}; the plain corpus has its own 15, give difficulty or realism too`,
    );
  }
  if (!(Number.isInteger(background) && background >= 0 && background <= BACKGROUND_RECORDINGS.length)) {
    throw new RangeError(
      `invalid background: ${background}; a whole number of at most ${BACKGROUND_RECORDINGS.length}`,
    );
  }
  const { recordings = SYNTHETIC_RECORDINGS.length } = rest;
  const selected = selectRecordings({ recordings, maxDurationSeconds, background });
  const plan = selected.map(({ traits, ...recording }) => ({ ...recording, peculiarities: traits })); // the key of markers on disk
  return {
    seed,
    optionsHash: hashOf({ version: GENERATOR_VERSION, seed, plan }),
    recordings: selected.map((recording) => ({
      ...recording,
      paths: pathsOf(recording),
      make: () => synthesizeRecording(recording, seed),
    })),
  };
}

function planVaried(
  { seed, maxDurationSeconds, background, patients, recordings }: Settled,
  realism: Realism,
): CorpusPlan {
  if (background) {
    throw new RangeError(`invalid background: ${background}; a varied corpus has recordings without seizures already`);
  }
  const count = patients ?? VARIED_PATIENTS;
  if (!(Number.isInteger(count) && count >= LEAST_VARIED_PATIENTS && count <= MOST_VARIED_PATIENTS)) {
    throw new RangeError(
      `invalid patients: ${count}; a whole number from ${LEAST_VARIED_PATIENTS} to ${MOST_VARIED_PATIENTS}`,
    );
  }
  const all = variedRecordings(seed, count);
  const selected = limitRecordings(all, recordings).map(
    (recording): VariedRecording => ({
      ...recording,
      durationSeconds: Math.min(recording.durationSeconds, maxDurationSeconds),
    }),
  );
  return {
    seed,
    realism,
    optionsHash: hashOf({ version: VARIED_VERSION, seed, realism, plan: selected }),
    recordings: selected.map((recording) => ({
      ...recording,
      paths: variedPathsOf(recording),
      make: () => synthesizeVaried(recording, realism, seed),
    })),
  };
}
