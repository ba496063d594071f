import { parameterCount } from "../model/parameters.js";
import { detectorFor } from "./check-fit.js";
import { type FilledTrainOptions, windowsPerStep } from "./options.js";
import { stepsPerEpoch, type TrainingData } from "./run-data.js";

/** What a run is about to do. */
export interface RunOverview {
  readonly model: string;
  readonly parameters: number;
  /** Recordings that windows are taken from, and windows of an epoch. */
  readonly recordings: number;
  readonly windows: number;
  readonly windowSeconds: number;
  /** Recordings to validate on. */
  readonly devRecordings: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly windowsPerStep: number;
}

/** The overview of a run on these data. */
export function runOverview(options: FilledTrainOptions, { reader, index, selection, dev }: TrainingData): RunOverview {
  const detector = detectorFor(options.model, reader.manifest);
  const recordings = new Set<number>();
  for (const window of selection) recordings.add(index.recording[window] ?? -1);
  return {
    model: detector.config.name,
    parameters: parameterCount(detector.parameters),
    recordings: recordings.size,
    windows: selection.length,
    windowSeconds: options.data.windowSeconds,
    devRecordings: dev.length,
    epochs: options.epochs,
    stepsPerEpoch: stepsPerEpoch(selection.length, windowsPerStep(options)),
    windowsPerStep: windowsPerStep(options),
  };
}
