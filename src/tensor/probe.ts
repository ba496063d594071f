import { memberOf } from "../base/lookup.js";
import type { Executor, Feed, Program } from "./program.js";
import { type Tensor, type Tensor3D, tf } from "./tf.js";

/** One convolution, tanh, a sum over channels, softplus, mean: smooth, and small enough for plain JavaScript. */
const BATCH = 2;
const LENGTH = 128;
const CHANNELS = 8;
const FEATURES = 16;
const TAPS = 5;

/**
 * How far a gradient may lie from the exact one, relative to its greatest element. Graphics cards may multiply in TF32,
 * which has 10 bits of fraction; single precision gives about 1e-6.
 */
export const GRADIENT_TOLERANCE = 5e-3;

/** Runs that are timed; fewer where they exceed the time. */
const RUNS = 5;
const ENOUGH_MILLISECONDS = 100;

export interface ProbeResult {
  /** Greatest difference from the gradient computed in double precision, relative to its greatest element. */
  readonly gradientError: number;
  /** Shortest of up to five runs after the first, forward and backward. */
  readonly stepMilliseconds: number;
}

const probeProgram: Program = {
  name: "probe",
  identity: { BATCH, LENGTH, CHANNELS, FEATURES, TAPS },
  inputs: {
    x: { shape: [BATCH, LENGTH, CHANNELS], dtype: "float32" },
    filter: { shape: [TAPS, CHANNELS, FEATURES], dtype: "float32" },
    weights: { shape: [FEATURES], dtype: "float32" },
  },
  build(inputs) {
    const x = memberOf(inputs, "x") as Tensor3D; // of the shape above
    const loss = (...[filter, weights]: Tensor[]): Tensor => {
      const hidden = tf.tanh(tf.conv1d(x, filter as Tensor3D, 1, "same"));
      return tf.mean(tf.softplus(tf.sum(tf.mul(hidden, weights as Tensor), 2)));
    };
    const [filter, weights] = tf.grads(loss)([memberOf(inputs, "filter"), memberOf(inputs, "weights")]);
    return { filter: filter as Tensor, weights: weights as Tensor }; // one gradient per input
  },
};

function probeFeeds() {
  const wave = (count: number, pitch: number, height: number) =>
    Float32Array.from({ length: count }, (_, i) => height * Math.sin(pitch * (i + 1) + 0.3 * Math.sqrt(i)));
  return {
    x: wave(BATCH * LENGTH * CHANNELS, 0.7, 1),
    filter: wave(TAPS * CHANNELS * FEATURES, 1.3, 0.3),
    weights: wave(FEATURES, 2.1, 0.5),
  };
}

/** The gradients of the probe in double precision, written out by hand. */
function exactGradients({ x, filter, weights }: ReturnType<typeof probeFeeds>) {
  const gradients = { filter: new Float64Array(filter.length), weights: new Float64Array(FEATURES) };
  const hidden = new Float64Array(FEATURES);
  const reach = Math.floor(TAPS / 2);
  for (let b = 0; b < BATCH; b++) {
    for (let t = 0; t < LENGTH; t++) {
      const base = (b * LENGTH + t - reach) * CHANNELS;
      const first = Math.max(0, reach - t);
      const last = Math.min(TAPS, LENGTH + reach - t);
      hidden.fill(0);
      for (let i = first * CHANNELS; i < last * CHANNELS; i++) {
        for (let f = 0; f < FEATURES; f++) hidden[f]! += x[base + i]! * filter[i * FEATURES + f]!;
      }
      let logit = 0;
      for (let f = 0; f < FEATURES; f++) logit += Math.tanh(hidden[f]!) * weights[f]!;
      const slope = 1 / (1 + Math.exp(-logit)) / (BATCH * LENGTH); // of softplus, averaged
      for (let f = 0; f < FEATURES; f++) {
        const activation = Math.tanh(hidden[f]!);
        gradients.weights[f]! += slope * activation;
        hidden[f] = slope * weights[f]! * (1 - activation ** 2); // from here on the gradient before tanh
      }
      for (let i = first * CHANNELS; i < last * CHANNELS; i++) {
        for (let f = 0; f < FEATURES; f++) gradients.filter[i * FEATURES + f]! += x[base + i]! * hidden[f]!;
      }
    }
  }
  return gradients;
}

function relativeError(actual: Feed, exact: Float64Array): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < exact.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - exact[i]!)); // NaN carries through Math.max
    scale = Math.max(scale, Math.abs(exact[i]!));
  }
  return difference / scale;
}

/** Compute a small gradient on an executor, compare it with the exact one and measure its time. */
export async function probeExecutor(
  executor: Executor,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ProbeResult> {
  const feeds = probeFeeds();
  const compiled = await executor.compile(probeProgram);
  try {
    let stepMilliseconds = Number.POSITIVE_INFINITY;
    const outputs = await compiled.run(feeds); // also the warm-up: some executors compile kernels in their first run
    const started = performance.now();
    for (let run = 0; run < RUNS && performance.now() - started < ENOUGH_MILLISECONDS; run++) {
      signal?.throwIfAborted();
      const from = performance.now();
      await compiled.run(feeds);
      stepMilliseconds = Math.min(stepMilliseconds, performance.now() - from);
    }
    const exact = exactGradients(feeds);
    const errors = Object.entries(exact).map(([name, values]) => relativeError(memberOf(outputs, name), values));
    return { gradientError: Math.max(...errors), stepMilliseconds };
  } finally {
    await compiled.dispose();
  }
}
