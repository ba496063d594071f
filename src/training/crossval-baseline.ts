import type { Manifest } from "../cache/manifest.js";
import type { SplitManifest } from "../dataset/split.js";
import type { WindowReader } from "../dataset/window-reader.js";
import { type Baseline, type BaselineOptions, createFeatureTable, fitBaseline, predictBaseline } from "./baseline.js";
import type { RecordingPrediction } from "./predict.js";

/** Predictions of a fold in the form that `scoreFolds` takes. */
export interface BaselineFold {
  readonly fold: number;
  readonly seed: number;
  readonly dev: readonly BaselineRecording[];
  readonly heldOut: readonly BaselineRecording[];
}

interface BaselineRecording extends RecordingPrediction {
  readonly patient: string;
  readonly split: string;
  readonly durationSeconds: number;
  readonly reference: Manifest["recordings"][number]["seizures"];
}

/**
 * Cross-validate the baseline on the folds of `foldsOf`: dev is predicted by a fit on train, the patients of the fold by a fit on train
 * and dev together. `scoreFolds` scores the result, as it does the detectors of `ictal crossval`.
 */
export async function crossvalBaseline(
  reader: WindowReader,
  folds: readonly SplitManifest[],
  options: BaselineOptions = {},
): Promise<BaselineFold[]> {
  const table = createFeatureTable(reader, options);
  const done: BaselineFold[] = [];
  for (const [fold, { manifest }] of folds.entries()) {
    const of = (...splits: string[]) =>
      manifest.recordings.filter(({ split, labelled }) => labelled && splits.includes(split));
    const idsOf = (...splits: string[]) => of(...splits).map(({ id }) => id);
    const predict = async (baseline: Baseline, split: string) => {
      const found: BaselineRecording[] = [];
      const own = new Map(of(split).map((recording) => [recording.id, recording]));
      for await (const prediction of predictBaseline(table, baseline, [...own.keys()], options)) {
        const recording = own.get(prediction.id);
        if (!recording) throw new RangeError(`no recording ${prediction.id}`); // predictions carry the ids that were asked for
        const { patient, durationSeconds, seizures: reference } = recording;
        found.push({ ...prediction, patient, durationSeconds, reference, split });
      }
      return found;
    };
    const dev = of("dev").length > 0 ? await predict(await fitBaseline(table, idsOf("train"), options), "dev") : [];
    const heldOut = await predict(await fitBaseline(table, idsOf("train", "dev"), options), "eval");
    done.push({ fold, seed: 0, dev, heldOut });
  }
  return done;
}
