import { quantileOf } from "../base/quantile.js";
import type { PostprocessOptions, SampleSettings } from "./postprocess.js";

/** A run `[start, end)` of samples with its confidence. */
export interface FinishedRun {
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
}

/** Told what is known of an event before it is finished; `start` is a sample. */
export interface EventObserver {
  /** A run has begun, which may turn out too short. */
  began(start: number): void;
  /** A part of an event is long enough: it counts. */
  confirmed(start: number): void;
  /** What began at `start`, or was confirmed, is no event after all. */
  dismissed(start: number): void;
}

/** What the confidence is computed from, over the samples from the start of an event on. */
interface Tally {
  count: number;
  sum: number;
  peak: number;
  readonly values: number[];
}

/** A part of the open event, at most the maximum length, with the tally of its samples. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly tally: Readonly<Tally>;
}

/**
 * Assembles events from a mask bit by bit: drops short runs, merges near ones, splits what is too long, drops a remainder
 * that is too short. `step` takes the next bit with the probability of the same sample and `finish` ends the recording;
 * both pass finished events to `emit` in order, and tell `observer` of open ones. Only confidence "percentile" keeps values, those of the open
 * event.
 */
export function createEventAssembler(
  { minimum, maximum, mergeGap }: SampleSettings,
  { confidence, confidencePercentile }: Pick<PostprocessOptions, "confidence" | "confidencePercentile">,
  emit: (run: FinishedRun) => void,
  observer?: EventObserver,
): { step(bit: 0 | 1, probability: number): void; finish(): void } {
  const keepsValues = confidence === "percentile";
  let index = 0;
  let runStart = -1;
  let part: { start: number; tally: Tally } | undefined; // of the open event, through the newest sample
  let full: Part[] = []; // parts that end in a run which may still turn out too short
  let sure: Part | undefined; // the last part, up to the end of the last run that counts
  let open = -1; // start of what `observer` was told of and that has not ended
  let confirmed = -1; // start of the last part that it was told to count

  const add = (tally: Tally, value: number) => {
    tally.count += 1;
    tally.sum += value;
    tally.peak = Math.max(tally.peak, value);
    if (keepsValues) tally.values.push(value);
  };
  const begin = (start: number) => ({ start, tally: { count: 0, sum: 0, peak: 0, values: [] } });

  const confirm = (start: number) => {
    if (start === confirmed) return;
    confirmed = start;
    open = start;
    observer?.confirmed(start);
  };
  const emitPart = ({ start, end, tally }: Part) => {
    open = -1;
    const { count, sum, peak, values } = tally;
    const percentile = () => quantileOf(values.slice(0, count), confidencePercentile);
    emit({ start, end, confidence: confidence === "peak" ? peak : confidence === "mean" ? sum / count : percentile() });
  };
  /** The part up to here; `values` is shared and only grows, so `count` tells what belongs to it. */
  const closed = (own: { start: number; tally: Tally }): Part => ({ ...own, end: index, tally: { ...own.tally } });
  const extend = (own: { start: number; tally: Tally }, value: number) => {
    add(own.tally, value);
    index += 1;
    if (runStart >= 0 && index - runStart >= minimum) {
      for (const each of full) {
        confirm(each.start);
        emitPart(each);
      }
      full = [];
      sure = closed(own);
      confirm(own.start);
    }
    if (index - own.start < maximum) return;
    if (sure?.end === index) {
      emitPart(sure);
      sure = { start: index, end: index, tally: begin(index).tally };
    } else full.push(closed(own));
    part = begin(index);
  };
  const endEvent = () => {
    if (sure && sure.end - sure.start >= minimum) emitPart(sure);
    if (open >= 0) observer?.dismissed(open);
    open = -1;
    sure = part = undefined;
    full = [];
  };

  return {
    step(bit, probability) {
      if (bit === 0) runStart = -1;
      else if (runStart < 0) {
        runStart = index;
        if (!part) {
          open = index;
          observer?.began(index);
          part = begin(index);
        }
      }
      if (part) extend(part, probability);
      else index += 1;
      if (runStart < 0 && part && index - (sure?.end ?? Number.NEGATIVE_INFINITY) >= mergeGap) endEvent();
    },
    finish: endEvent,
  };
}
