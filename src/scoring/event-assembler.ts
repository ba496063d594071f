import { quantileOf } from "../base/quantile.js";
import type { PostprocessOptions, SampleSettings } from "./postprocess.js";

/** A stretch `[start, end)` of samples with its confidence. */
export interface FinishedRun {
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
}

/** What confidence is made of, over the samples from the start of an event on. */
interface Tally {
  count: number;
  sum: number;
  peak: number;
  readonly values: number[];
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly tally: Readonly<Tally>;
}

/**
 * Turns a mask that arrives bit by bit into events: drops short runs, cuts long ones, joins near ones. `step` takes the next
 * bit with the probability of the same sample and `finish` ends the recording; both hand finished events to `emit` in order.
 * Only confidence "percentile" keeps values, those of the open event.
 */
export function createEventAssembler(
  { minimum, maximum, mergeGap }: SampleSettings,
  { confidence, confidencePercentile }: Pick<PostprocessOptions, "confidence" | "confidencePercentile">,
  emit: (run: FinishedRun) => void,
): { step(bit: 0 | 1, probability: number): void; finish(): void } {
  const keepsValues = confidence === "percentile";
  let index = 0;
  let pending: Piece | undefined; // complete, but a near run may still be joined to it
  let beyond: Tally | undefined; // from the start of `pending` through the newest sample
  let runStart = -1;
  let piece: { start: number; tally: Tally } | undefined; // the last piece of the open run
  let held: Piece[] = []; // cut from a run that is still too short to count

  const add = (tally: Tally, value: number) => {
    tally.count += 1;
    tally.sum += value;
    tally.peak = Math.max(tally.peak, value);
    if (keepsValues) tally.values.push(value);
  };
  const begin = (): Tally => ({ count: 0, sum: 0, peak: 0, values: [] });

  const deliver = ({ start, end, tally }: Piece) => {
    const { count, sum, peak, values } = tally;
    const percentile = () => quantileOf(values.slice(0, count), confidencePercentile);
    emit({ start, end, confidence: confidence === "peak" ? peak : confidence === "mean" ? sum / count : percentile() });
  };
  /** The piece from its start, or from that of the event it is joined to, up to here. */
  const closed = ({ start, tally }: { start: number; tally: Tally }): Piece => ({
    start: tally === beyond ? pending!.start : start,
    end: index,
    tally: { ...tally }, // `values` is shared and only grows: `count` tells what belongs here
  });
  /** Pieces that another piece touches are never joined to anything later. */
  const releaseHeld = () => {
    if (held.length === 0 || index - runStart < minimum) return;
    for (const each of held) deliver(each);
    held = [];
    pending = beyond = undefined;
  };
  const takeOne = () => {
    if (runStart < 0) {
      runStart = index;
      piece = { start: index, tally: beyond ?? begin() };
    } else if (index - piece!.start === maximum) {
      held.push(closed(piece!));
      piece = { start: index, tally: begin() };
    }
  };
  const endRun = () => {
    if (index - runStart >= minimum) {
      releaseHeld();
      pending = closed(piece!);
      beyond = piece!.tally;
    }
    held = [];
    piece = undefined;
    runStart = -1;
  };

  return {
    step(bit, probability) {
      if (bit === 1) takeOne();
      else if (runStart >= 0) endRun();
      if (beyond) add(beyond, probability);
      if (piece && piece.tally !== beyond) add(piece.tally, probability);
      index += 1;
      if (runStart >= 0) releaseHeld();
      else if (pending && index - pending.end >= mergeGap) {
        deliver(pending);
        pending = beyond = undefined;
      }
    },
    finish() {
      if (runStart >= 0) endRun();
      if (pending) deliver(pending);
      pending = beyond = undefined;
    },
  };
}
