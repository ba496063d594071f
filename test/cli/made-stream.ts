/** A causal detector with untrained weights, and signals for it, for the tests of `ictal stream`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRandom } from "../../src/base/random.js";
import type { FrameBlock } from "../../src/cli/stream-frames.js";
import { type StreamLine, StreamSession } from "../../src/cli/stream-session.js";
import {
  cacheKeyFromConfig,
  chainFromConfig,
  postprocessFromConfig,
  predictionStrideFromConfig,
  stitchingFromConfig,
} from "../../src/config/layer-options.js";
import { loadConfig } from "../../src/config/load-config.js";
import { modelFromConfig } from "../../src/config/model-options.js";
import { createDetector } from "../../src/model/detector.js";
import { initialValues, type ParameterValues } from "../../src/model/parameters.js";
import { saveSafetensors } from "../../src/model/safetensors.js";
import { storedTensors } from "../../src/model/weights.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import type { Executor } from "../../src/tensor/program.js";

export const RATE = 250;

/** Thresholds in the middle of what the untrained detector gives, so that there are events. */
const YAML = (isCausal: boolean) => `data: { window_size: 8, stride: 4 }
model:
  name: seizure_detector
  encoder: { stages: 2, channels: [4, 8] }
  rescnn: { n_blocks: 1, dropout: 0 }
  mamba: { n_layers: 1, d_model: 8, d_state: 4, head_size: 4, dropout: 0 }
postprocessing: { hysteresis: { tau_on: 0.5, tau_off: 0.499, min_offset_samples: 32, min_onset_samples: 32 }, duration: { min_duration_s: 0.5 }, events: { tau_merge: 0.5 } }
experiment: { device: onnx-cpu, causal: ${isCausal} }
`;

/** The logit between what the untrained detector answers to the bursts of `madeSignal` and to its noise. */
const MIDDLE_LOGIT = -0.10993;
const GAIN = 4000;

/** The same with a last layer whose answers differ by more than a thousandth. */
function sharpened(values: ParameterValues): ParameterValues {
  const weight = values["detection_head.weight"]?.map((value) => GAIN * value);
  const bias = values["detection_head.bias"]?.map((value) => GAIN * (value - MIDDLE_LOGIT));
  return { ...values, ...(weight && bias && { "detection_head.weight": weight, "detection_head.bias": bias }) };
}

export async function madeCheckpoint(dir: string, { isCausal = true } = {}) {
  const file = join(dir, isCausal ? "causal.yaml" : "usual.yaml");
  await writeFile(file, YAML(isCausal));
  const { config } = await loadConfig(file);
  const detector = createDetector(modelFromConfig(config.model, { isCausal }));
  const specs = [...detector.parameters, ...detector.buffers];
  const values = sharpened(initialValues(specs, 7));
  const cacheKey = cacheKeyFromConfig(config);
  const origin = { model: detector.config, windowSamples: 2048, sampleRateHz: 256, channels: ELECTRODES_19, cacheKey };
  const checkpoint = join(dir, `${isCausal ? "causal" : "usual"}.safetensors`);
  await saveSafetensors(checkpoint, storedTensors(specs, values), { ictal: JSON.stringify(origin) });
  return { file, config, checkpoint, detector, values };
}

/** Noise in microvolts with bursts, `[electrode][sample]`. */
export function madeSignal(seconds: number, rate = RATE): Float32Array[] {
  const random = createRandom(11, "stream");
  return ELECTRODES_19.map((_, channel) =>
    Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
      const burst = Math.floor(i / rate) % 10 > 6 ? 60 * Math.sin((2 * Math.PI * 4 * i) / rate) : 0;
      return 100 + 20 * random.normal(channel * 1e7 + i) + burst;
    }),
  );
}

/** Blocks of `lengths` samples, the last length repeated. */
export function* inBlocks(
  samples: readonly Float32Array[],
  lengths: readonly number[],
  rate = RATE,
): Generator<FrameBlock> {
  const count = samples[0]!.length;
  for (let from = 0, k = 0; from < count; k++) {
    const to = Math.min(count, from + lengths[Math.min(k, lengths.length - 1)]!);
    yield { startSeconds: from / rate, isContinuous: from > 0, samples: samples.map((row) => row.slice(from, to)) };
    from = to;
  }
}

type Made = Awaited<ReturnType<typeof madeCheckpoint>>;

/** All lines of a stream, latencies made 0. */
export async function linesOf(
  { config, detector, values }: Made,
  executor: Executor,
  blocks: Iterable<FrameBlock>,
  sampleRateHz = RATE,
): Promise<StreamLine[]> {
  const session = await StreamSession.open({
    ...{ chain: chainFromConfig(config), sampleType: config.data.sample_type, detector, values, executor },
    ...{ windowSamples: 2048, strideSeconds: predictionStrideFromConfig(config) },
    ...{ stitching: stitchingFromConfig(config), postprocess: postprocessFromConfig(config) },
    ...{ withProbability: true, electrodes: ELECTRODES_19, sampleRateHz },
  });
  const lines: StreamLine[] = [];
  const keep = (found: readonly StreamLine[]) => {
    for (const line of found) lines.push("latencyMilliseconds" in line ? { ...line, latencyMilliseconds: 0 } : line);
  };
  try {
    for (const block of blocks) for await (const found of session.push(block)) keep(found);
    for await (const found of session.finish()) keep(found);
    return lines;
  } finally {
    await session.dispose();
  }
}
