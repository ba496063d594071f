import { writeCsvBi } from "../../recording/annotation-write.js";
import { annotationTexts } from "./annotations.js";
import { encodeRecording, pathsOf, recordingName, type SynthesizedFile } from "./files.js";
import type { Realism } from "./realism.js";
import { type Mark, renderVaried } from "./render-varied.js";
import { type VariedSeizure, variedOnsetAt } from "./varied-seizures.js";
import type { VariedRecording } from "./varied-table.js";

/** Folders beside `edf/` with one csv_bi file a recording: the second rater's marks, and what is truly in the signal. */
export const SECOND_RATER = "derivatives/rater-2";
export const TRUTH = "derivatives/truth";

/** What is known of a generated seizure, for analyses by its kind; times are the true ones. */
export interface SeizureFacts {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly type: string;
  /** Classes of Saggio et al. 2020; "plain" without the part `dynamotypes`. */
  readonly onset: string;
  readonly offset: string;
  readonly snrDb: number;
  /** Seconds until half of the amplitude is reached. */
  readonly hiddenSeconds: number;
}

/** The paths of a varied recording's files: those of the corpus, the second rater's and the truth. */
export function variedPathsOf(recording: VariedRecording): string[] {
  const paths = pathsOf(recording);
  const binary = paths.filter((path) => path.endsWith(".csv_bi"));
  return [...paths, ...[SECOND_RATER, TRUTH].flatMap((folder) => binary.map((path) => `${folder}/${path}`))];
}

/** Generate a recording and encode its files, in the order of `variedPathsOf`; `seizures` are the first rater's marks. */
export function synthesizeVaried(
  recording: VariedRecording,
  realism: Realism,
  seed: number,
): { files: SynthesizedFile[]; seizures: number; facts: SeizureFacts[] } {
  const { signals, seizures, raters } = renderVaried(recording, realism, seed);
  const name = recordingName(recording);
  const [first, second] = raters;
  const onsetAt = (marked: VariedSeizure, pair: string) => variedOnsetAt(marked, pair, realism);
  const { csv, csvBi } = annotationTexts(name, recording, asMarked(seizures, first), onsetAt);
  const binary = (marks: readonly { startSeconds: number; endSeconds: number }[]) =>
    writeCsvBi({
      events: marks.map(({ startSeconds, endSeconds }) => ({ startSeconds, endSeconds, label: "seiz", confidence: 1 })),
      durationSeconds: recording.durationSeconds,
      recordingName: name,
    });
  const texts = [csv, csvBi, binary(second), binary(seizures)];
  const contents = [encodeRecording(recording, signals), ...texts.map((text) => new TextEncoder().encode(text))];
  const files = variedPathsOf(recording).map((path, i) => ({ path, bytes: contents[i]! }));
  return { files, seizures: first.length, facts: seizures.map((seizure) => factsOf(seizure, realism)) };
}

function asMarked(seizures: readonly VariedSeizure[], marks: readonly Mark[]): VariedSeizure[] {
  return marks.map(({ index, startSeconds, endSeconds }) => ({ ...seizures[index]!, startSeconds, endSeconds }));
}

function factsOf({ startSeconds, endSeconds, type, snrDb, hiddenSeconds, path }: VariedSeizure, realism: Realism) {
  const isPlain = !realism.parts.includes("dynamotypes");
  return {
    ...{ startSeconds, endSeconds, type, hiddenSeconds: Math.round(hiddenSeconds * 10) / 10 },
    onset: isPlain ? "plain" : path.onset,
    offset: isPlain ? "plain" : path.offset,
    snrDb: Math.round(snrDb * 100) / 100,
  };
}
