import { withDefaults } from "@ictal/base/options";
import type { Event } from "../base/events.js";
import { createEventAssembler, type FinishedRun } from "./event-assembler.js";
import { closeStep, hysteresisStep, openStep } from "./mask-stream.js";
import { POSTPROCESS_DEFAULTS, type PostprocessOptions, refusedProbability, sampleSettings } from "./postprocess.js";

/**
 * What is known of an event: "provisional" when its onset rule is met, "start" when it is long enough to count, "end" when it
 * is finished, "withdrawn" when it turned out too short.
 */
export type Alarm =
  | { readonly type: "provisional" | "start" | "withdrawn"; readonly startSeconds: number }
  | ({ readonly type: "end" } & Event);

/** Post-processing of streamed probabilities, in chunks of any size. */
export interface EventStream {
  /**
   * An event is returned at most this long after its end: the look-ahead of the onset rule, of opening and of closing, the
   * gap within which a later run is joined, and the time in which such a run turns out too short.
   */
  readonly delaySeconds: number;
  /** Takes the next probabilities and returns the events they finish, in order. Not kept; NaN is a RangeError. */
  push(probabilities: ArrayLike<number>): Event[];
  /** Ends the recording and returns what was still open. Later calls are RangeErrors. */
  flush(): Event[];
}

/**
 * `detectEvents` for a recording that is still running: all events of `push` and `flush` together are exactly those of the
 * whole recording, however it is chunked. Memory is that of the delay; confidence "percentile" also keeps the open event's values.
 * `onAlarm` is told of events while they last.
 */
export function createEventStream(
  options: Partial<PostprocessOptions>,
  rateHz: number,
  onAlarm: (alarm: Alarm) => void = () => {},
): EventStream {
  const merged = withDefaults(POSTPROCESS_DEFAULTS, options);
  const settings = sampleSettings(merged, rateHz);
  const lookAhead = settings.minOnset - 1 + 2 * (settings.opening >> 1) + 2 * (settings.closing >> 1);
  const waiting = new Float64Array(lookAhead + 1); // ring of probabilities whose bit is not settled
  let written = 0;
  let read = 0;
  let isOver = false;
  let finished: Event[] = [];
  const finish = ({ start, end, confidence }: FinishedRun) => {
    const event = { startSeconds: start / rateHz, endSeconds: end / rateHz, label: "seiz", confidence };
    finished.push(event);
    onAlarm({ type: "end", ...event });
  };
  const tell = (type: "provisional" | "start" | "withdrawn") => (start: number) =>
    onAlarm({ type, startSeconds: start / rateHz });
  const assembler = createEventAssembler(settings, merged, finish, {
    began: tell("provisional"),
    confirmed: tell("start"),
    dismissed: tell("withdrawn"),
  });
  const last = {
    push: (bit: 0 | 1) => {
      assembler.step(bit, waiting[read % waiting.length]!);
      read += 1;
    },
    flush: () => assembler.finish(),
  };
  const first = hysteresisStep(settings, openStep(settings.opening, closeStep(settings.closing, last)));
  const take = () => {
    const taken = finished;
    finished = [];
    return taken;
  };
  const refuseOver = () => {
    if (isOver) throw new RangeError("invalid call: the event stream was flushed; create one per recording");
  };
  return {
    delaySeconds: (lookAhead + Math.ceil(settings.mergeGap) + settings.minimum) / rateHz,
    push(probabilities) {
      refuseOver();
      for (let i = 0; i < probabilities.length; i++) {
        const value = probabilities[i]!;
        if (Number.isNaN(value)) throw refusedProbability(value, written);
        waiting[written % waiting.length] = value;
        written += 1;
        first.push(value);
      }
      return take();
    },
    flush() {
      refuseOver();
      isOver = true;
      first.flush();
      return take();
    },
  };
}
