import { clockText } from "@ictal/base/progress";
import type { TrainMetrics } from "../training/run.js";
import type { RunOverview } from "../training/run-overview.js";

const counted = (count: number, noun: string) => `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;

/** What a training is about to do, a line each: model, data, steps, device, folder. */
export function overviewLines(overview: RunOverview, device: string, folder: string): string[] {
  const { model, parameters, recordings, windows, windowSeconds, devRecordings, epochs } = overview;
  const { stepsPerEpoch, windowsPerStep } = overview;
  const validated =
    devRecordings === 0 ? "none to validate on" : `${counted(devRecordings, "recording")} to validate on`;
  return [
    `model   ${model}, ${counted(parameters, "parameter")}`,
    `data    ${counted(windows, "window")} of ${windowSeconds} s from ${counted(recordings, "recording")}; ${validated}`,
    `steps   ${(epochs * stepsPerEpoch).toLocaleString("en-US")}: ${counted(epochs, "epoch")} of ${stepsPerEpoch}, ${counted(windowsPerStep, "window")} each`,
    `device  ${device}`,
    `folder  ${folder}`,
  ];
}

/** Steps after which the time of a step is known well enough. */
export const STEPS_TO_TELL = 3;

/** How long it will take, once some steps were timed; `secondsLeft` is until the run's own end or that of --max-steps. */
export function expectedTime(
  { windowsPerSecond, secondsLeft }: Pick<TrainMetrics, "windowsPerSecond" | "secondsLeft">,
  { windowsPerStep }: RunOverview,
): string {
  const each = windowsPerStep / windowsPerSecond;
  const steps = counted(Math.round(secondsLeft / each), "step");
  return `time    about ${clockText(secondsLeft)} for the other ${steps}, ${each.toPrecision(2)} s each, validation not counted`;
}
