/** One stream from electrodes to lines of JSON: signal, network, alarms, and how long it took. */

import type { Event } from "../base/events.js";
import type { SampleType } from "../cache/format.js";
import { openStreamingSignal, type StreamingSignal } from "../dataset/streaming-signal.js";
import type { Detector } from "../model/detector.js";
import type { ParameterValues } from "../model/parameters.js";
import { type Alarm, createEventStream, type EventStream } from "../scoring/event-stream.js";
import type { PostprocessOptions } from "../scoring/postprocess.js";
import type { ChainOptions } from "../signal/chain.js";
import type { Executor } from "../tensor/program.js";
import type { Stitching } from "../training/stitching.js";
import { type Decision, openStreamPredictor, type StreamPredictor } from "../training/stream-predictor.js";
import type { FrameBlock } from "./stream-frames.js";
import { createDurations } from "./stream-latency.js";

export interface SessionOptions {
  readonly chain: ChainOptions;
  readonly sampleType: SampleType;
  readonly detector: Detector;
  readonly values: ParameterValues;
  readonly executor: Executor;
  readonly windowSamples: number;
  readonly strideSeconds: number;
  readonly stitching: Stitching;
  readonly postprocess: PostprocessOptions;
  /** A line with the mean probability of each second. */
  readonly withProbability: boolean;
  readonly electrodes: readonly string[];
  readonly sampleRateHz: number;
}

/** A line of the output; times are seconds from the first sample of the stream. */
export type StreamLine =
  | (Alarm & {
      /** When it was decided, by the time of the samples. */
      readonly atSeconds: number;
      /** What the decision took to compute. */
      readonly latencyMilliseconds: number;
    })
  | {
      readonly type: "probability";
      readonly startSeconds: number;
      readonly endSeconds: number;
      readonly probability: number;
    }
  | { readonly type: "gap"; readonly startSeconds: number; readonly endSeconds: number };

/** What a session came to. */
export interface SessionSummary {
  readonly eventCount: number;
  /** Recorded, gaps aside. */
  readonly recordedSeconds: number;
  readonly durationSeconds: number;
  /** Of a decision, from the samples that it waits for to its lines. */
  readonly latencyMilliseconds: { readonly median: number; readonly p95: number; readonly maximum: number };
  /** Recorded seconds per second of computing. */
  readonly timesRealTime: number;
}

/** The part of a stream between two gaps. */
interface Segment {
  readonly startSeconds: number;
  readonly events: EventStream;
  /** Values that came. */
  values: number;
  /** Of the second that is being filled. */
  sum: number;
  summed: number;
}

/** Takes a stream block by block; what it gives does not depend on how the stream is cut into blocks, `latencyMilliseconds` aside. */
export class StreamSession {
  readonly #options: SessionOptions;
  readonly #signal: StreamingSignal;
  readonly #predictor: StreamPredictor;
  readonly #durations = createDurations();
  #segment: Segment | undefined;
  #lines: StreamLine[] = [];
  #alarms: Alarm[] = [];
  #eventCount = 0;
  #recordedSamples = 0;
  #endSeconds = 0;
  #computed = 0;

  private constructor(options: SessionOptions, signal: StreamingSignal, predictor: StreamPredictor) {
    this.#options = options;
    this.#signal = signal;
    this.#predictor = predictor;
  }

  static async open(options: SessionOptions): Promise<StreamSession> {
    const { chain, electrodes, sampleRateHz, sampleType } = options;
    const signal = openStreamingSignal(chain, { electrodes, sampleRateHz }, sampleType);
    const predictor = await openStreamPredictor({ ...options, sampleRateHz: chain.targetRateHz });
    return new StreamSession(options, signal, predictor);
  }

  /** Values per second. */
  get rateHz(): number {
    return this.#predictor.rateHz;
  }

  /** End of what was taken, in the stream's time. */
  get endSeconds(): number {
    return this.#endSeconds;
  }

  /** Take the next block and give the lines that it makes certain, decision by decision. */
  async *push({ startSeconds, isContinuous, samples }: FrameBlock): AsyncGenerator<StreamLine[], void, undefined> {
    if (!isContinuous) yield* this.#beginSegment(startSeconds);
    const count = samples[0]?.length ?? 0;
    this.#recordedSamples += count;
    this.#endSeconds = startSeconds + count / this.#options.sampleRateHz;
    let began = performance.now();
    for await (const decision of this.#predictor.push(this.#signal.push(samples))) {
      const took = performance.now() - began;
      yield this.#decide(decision, took);
      this.#durations.add(took);
      this.#computed += took;
      began = performance.now();
    }
    this.#computed += performance.now() - began;
  }

  /** End the stream and give the rest. */
  async *finish(): AsyncGenerator<StreamLine[], void, undefined> {
    yield* this.#endSegment();
  }

  summary(): SessionSummary {
    const { maximum } = this.#durations;
    const recordedSeconds = this.#recordedSamples / this.#options.sampleRateHz;
    return {
      eventCount: this.#eventCount,
      recordedSeconds,
      durationSeconds: this.#endSeconds,
      latencyMilliseconds: { median: this.#durations.quantile(0.5), p95: this.#durations.quantile(0.95), maximum },
      timesRealTime: (1000 * recordedSeconds) / this.#computed,
    };
  }

  async dispose(): Promise<void> {
    await this.#predictor.dispose();
  }

  async *#beginSegment(startSeconds: number): AsyncGenerator<StreamLine[], void, undefined> {
    if (this.#segment) {
      yield* this.#endSegment();
      yield [{ type: "gap", startSeconds: this.#endSeconds, endSeconds: startSeconds }];
    }
    const events = createEventStream(this.#options.postprocess, this.rateHz, (alarm) => this.#alarms.push(alarm));
    this.#segment = { startSeconds, events, values: 0, sum: 0, summed: 0 };
  }

  async *#endSegment(): AsyncGenerator<StreamLine[], void, undefined> {
    const segment = this.#segment;
    if (!segment) return;
    const began = performance.now();
    for await (const decision of this.#predictor.push(this.#signal.flush()))
      yield this.#decide(decision, performance.now() - began);
    const rest = await this.#predictor.flush();
    yield this.#decide(rest, performance.now() - began);
    segment.events.flush();
    yield this.#takeLines(segment, rest.sampleCount, performance.now() - began);
    this.#segment = undefined;
  }

  #decide({ values, sampleCount }: Decision, tookMilliseconds: number): StreamLine[] {
    const segment = this.#segment;
    if (!segment) throw new Error("a decision without a segment");
    if (this.#options.withProbability) this.#addProbabilities(segment, values);
    segment.values += values.length;
    segment.events.push(values);
    return this.#takeLines(segment, sampleCount, tookMilliseconds);
  }

  #addProbabilities(segment: Segment, values: Float32Array): void {
    for (const [i, value] of values.entries()) {
      segment.sum += value;
      segment.summed += 1;
      if ((segment.values + i + 1) % Math.round(this.rateHz) !== 0) continue;
      const endSeconds = segment.startSeconds + (segment.values + i + 1) / this.rateHz;
      const startSeconds = endSeconds - segment.summed / this.rateHz;
      this.#lines.push({ type: "probability", startSeconds, endSeconds, probability: segment.sum / segment.summed });
      segment.sum = 0;
      segment.summed = 0;
    }
  }

  /** The lines so far; events end with the samples of their segment. */
  #takeLines({ startSeconds }: Segment, sampleCount: number, latencyMilliseconds: number): StreamLine[] {
    const decided = startSeconds + sampleCount / this.#options.chain.targetRateHz;
    const inStream = (alarm: Alarm): Alarm => {
      const start = startSeconds + alarm.startSeconds;
      if (alarm.type !== "end") return { ...alarm, startSeconds: start };
      const event: Event = {
        ...alarm,
        startSeconds: start,
        endSeconds: Math.min(startSeconds + alarm.endSeconds, this.#endSeconds),
      };
      return { ...event, type: "end" };
    };
    for (const alarm of this.#alarms) {
      if (alarm.type === "end") this.#eventCount += 1;
      this.#lines.push({ ...inStream(alarm), atSeconds: decided, latencyMilliseconds });
    }
    const lines = this.#lines;
    this.#lines = [];
    this.#alarms = [];
    return lines;
  }
}
