import { memberOf } from "../base/lookup.js";
import { type Detector, logitCount } from "../model/detector.js";
import { evaluation } from "../model/layers.js";
import type { ParameterValues } from "../model/parameters.js";
import type { Program, TensorSpec } from "../tensor/program.js";
import { tf } from "../tensor/tf.js";

/** A forward pass as a program: input `x` [B, C, L], output `probability` [B, M]; weights are its state. */
export interface PredictProgram {
  readonly program: Program;
  /** State from parameters and buffers by name. */
  packState(values: Readonly<ParameterValues>): Record<string, Float32Array>;
}

/** The forward pass in evaluation: running statistics, no dropout, a probability of seizure per logit. */
export function createPredictProgram(detector: Detector, batchSize: number, sampleCount: number): PredictProgram {
  const float = (...shape: number[]): TensorSpec => ({ shape, dtype: "float32" });
  logitCount(detector, sampleCount);
  const arrays = [...detector.parameters, ...detector.buffers];
  const state = arrays.map(({ name }) => name);
  const inputs: Record<string, TensorSpec> = { x: float(batchSize, detector.inputChannels, sampleCount) };
  for (const { name, shape } of arrays) inputs[name] = float(...shape);
  return {
    program: {
      name: `predict/${detector.name}`,
      identity: { model: detector.config, batchSize, sampleCount },
      inputs,
      state,
      build(tensors) {
        const probability = tf.sigmoid(detector.forward(tensors, memberOf(tensors, "x"), evaluation));
        return { probability, ...Object.fromEntries(state.map((name) => [name, memberOf(tensors, name)])) };
      },
    },
    packState: (values) => Object.fromEntries(state.map((name) => [name, memberOf(values, name)])),
  };
}
