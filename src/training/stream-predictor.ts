import { CacheError } from "@ictal/base/errors";
import { type Detector, logitCount } from "../model/detector.js";
import type { ParameterValues } from "../model/parameters.js";
import type { Compiled, Executor } from "../tensor/program.js";
import { type HeldSamples, holdSamples } from "./held-samples.js";
import { usualRateHz } from "./output-rate.js";
import { improbableAt } from "./predict.js";
import { createPredictProgram } from "./predict-program.js";
import { createRunningStitcher, downsampleProbabilities, type RunningStitcher, type Stitching } from "./stitching.js";

export interface StreamPredictorOptions {
  readonly detector: Detector;
  readonly values: ParameterValues;
  readonly executor: Executor;
  readonly sampleRateHz: number;
  readonly windowSamples: number;
  /** From decision to decision, rounded to whole logits, at most a window. */
  readonly strideSeconds: number;
  /** "soonest" gives values at every decision; the others when no later window holds their time. */
  readonly stitching: Stitching;
}

/** Probabilities that a decision made final. */
export interface Decision {
  /** Samples of the segment that were there when it was made. */
  readonly sampleCount: number;
  /** One per 1 / rateHz seconds, following those of the decision before. */
  readonly values: Float32Array;
}

/**
 * Probabilities of a signal that is still running. Those of a segment are, bit for bit, the same however it is cut into parts;
 * they are those of `predictRecordings` with the same stride, but for the rounding of larger batches.
 */
export interface StreamPredictor {
  /** Values per second. */
  readonly rateHz: number;
  /** Take the next samples, one array per channel in standard deviations, and give the decisions that they allow. */
  push(rows: readonly Float32Array[]): AsyncGenerator<Decision, void, undefined>;
  /** End the segment and give its last values; the next samples begin another. */
  flush(): Promise<Decision>;
  dispose(): Promise<void>;
}

/** Where a segment stands. */
interface Segment {
  readonly held: HeldSamples;
  readonly stitcher: RunningStitcher;
  /** Logits that were given, and the mean of how many of the next value is pending. */
  given: number;
  pending: Float32Array;
  /** End of the next window, in samples. */
  nextEnd: number;
  /** Samples to which windows reach. */
  covered: number;
}

/** Open the predictor of a stream; one window is computed at a time. ConfigError for a window that the network cannot take. */
export async function openStreamPredictor(options: StreamPredictorOptions): Promise<StreamPredictor> {
  const { program, packState } = createPredictProgram(options.detector, 1, options.windowSamples);
  const compiled = await options.executor.compile(program);
  compiled.setState(packState(options.values));
  return new WindowPredictor(compiled, options);
}

class WindowPredictor implements StreamPredictor {
  readonly rateHz: number;
  readonly #compiled: Compiled;
  readonly #options: StreamPredictorOptions;
  readonly #logitSamples: number;
  readonly #windowLogits: number;
  readonly #strideSamples: number;
  /** Logits per value. */
  readonly #group: number;
  readonly #window: Float32Array;
  #segment: Segment;

  constructor(compiled: Compiled, options: StreamPredictorOptions) {
    const { detector, sampleRateHz, windowSamples, strideSeconds } = options;
    const logitSamples = detector.outputStrideSamples;
    const ownRateHz = sampleRateHz / logitSamples;
    const strideLogits = Math.max(1, Math.round((strideSeconds * sampleRateHz) / logitSamples));
    this.#compiled = compiled;
    this.#options = options;
    this.#logitSamples = logitSamples;
    this.#windowLogits = logitCount(detector, windowSamples);
    this.#strideSamples = Math.min(windowSamples, strideLogits * logitSamples);
    this.rateHz = usualRateHz(ownRateHz);
    this.#group = Math.round(ownRateHz / this.rateHz);
    this.#window = new Float32Array(detector.inputChannels * windowSamples);
    this.#segment = this.#begin();
  }

  async *push(rows: readonly Float32Array[]): AsyncGenerator<Decision, void, undefined> {
    const segment = this.#segment;
    const count = rows[0]?.length ?? 0;
    for (let from = 0; from < count; ) {
      const to = Math.min(count, from + segment.nextEnd - segment.held.sampleCount);
      segment.held.push(rows, from, to);
      from = to;
      if (segment.held.sampleCount < segment.nextEnd) continue;
      yield await this.#decide(segment);
    }
  }

  async flush(): Promise<Decision> {
    const segment = this.#segment;
    const { held, covered } = segment;
    const { windowSamples } = this.#options;
    const sampleCount = held.sampleCount;
    const total = Math.ceil(sampleCount / this.#logitSamples);
    if (sampleCount > covered) {
      const start = Math.max(0, Math.ceil((sampleCount - windowSamples) / this.#logitSamples));
      await this.#add(segment, start * this.#logitSamples, Math.min(this.#windowLogits, total - start));
    }
    const values = this.#values(segment, total, true);
    this.#segment = this.#begin();
    return { sampleCount, values };
  }

  async dispose(): Promise<void> {
    await this.#compiled.dispose();
  }

  #begin(): Segment {
    const { detector, windowSamples, stitching } = this.#options;
    return {
      held: holdSamples(detector.inputChannels, windowSamples, this.#strideSamples),
      stitcher: createRunningStitcher(stitching, this.#windowLogits),
      given: 0,
      pending: new Float32Array(),
      nextEnd: stitching === "soonest" ? this.#strideSamples : windowSamples,
      covered: 0,
    };
  }

  /** Compute the window that ends now, and give what became final. */
  async #decide(segment: Segment): Promise<Decision> {
    const { windowSamples, stitching, detector } = this.#options;
    const end = segment.nextEnd;
    const start = Math.max(0, end - windowSamples);
    const isPartial = end < windowSamples;
    const settled = isPartial ? end - (detector.lookAheadSamples ?? 0) : end; // a later sample may still change the rest
    const known = Math.max(0, Math.floor((settled - start) / this.#logitSamples));
    await this.#add(segment, start, known);
    if (!isPartial) segment.covered = end;
    const next = end + this.#strideSamples;
    segment.nextEnd = isPartial ? Math.min(next, windowSamples) : next;
    const upTo = stitching === "soonest" ? settled : segment.nextEnd - windowSamples;
    return { sampleCount: end, values: this.#values(segment, Math.floor(upTo / this.#logitSamples), false) };
  }

  async #add({ held, stitcher }: Segment, start: number, count: number): Promise<void> {
    held.windowInto(this.#window, start);
    const { probability } = (await this.#compiled.run({ x: this.#window })) as { probability: Float32Array };
    const at = improbableAt(probability.subarray(0, count));
    if (at >= 0)
      throw new CacheError(
        `the network answers ${probability[at]}, which is no probability: its weights have grown too large; take an earlier checkpoint`,
        { found: probability[at], expected: "0 to 1" },
      );
    stitcher.add(start / this.#logitSamples, probability, count);
  }

  /** Values of the logits up to `end`; the last ones wait for the rest of their group, unless the segment ends. */
  #values(segment: Segment, end: number, isLast: boolean): Float32Array {
    if (end <= segment.given && !isLast) return new Float32Array();
    const fresh = end > segment.given ? segment.stitcher.take(end) : new Float32Array();
    segment.given = Math.max(segment.given, end);
    const all = new Float32Array(segment.pending.length + fresh.length);
    all.set(segment.pending);
    all.set(fresh, segment.pending.length);
    const whole = isLast ? all.length : all.length - (all.length % this.#group);
    segment.pending = all.slice(whole);
    return downsampleProbabilities(all.subarray(0, whole), this.#group);
  }
}
