import { type Detector, logitCount } from "../model/detector.js";
import { evaluation } from "../model/layers.js";
import type { ParameterValues } from "../model/parameters.js";
import type { Program, TensorSpec } from "../tensor/program.js";
import { tf } from "../tensor/tf.js";
import { cutGroup, packGroup, parameterGroups } from "./parameter-groups.js";

/** A forward pass as a program: input `x` [B, C, L], output `probability` [B, M]; weights are its state. */
export interface PredictProgram {
  readonly program: Program;
  /** State from parameters and buffers by name. */
  packState(values: Readonly<ParameterValues>): Record<string, Float32Array>;
}

/** The forward pass in evaluation: running statistics, no dropout, a probability of seizure per logit. */
export function createPredictProgram(detector: Detector, batchSize: number, sampleCount: number): PredictProgram {
  const groups = parameterGroups(detector.parameters, { weightDecay: 0, decayAll: true });
  const float = (...shape: number[]): TensorSpec => ({ shape, dtype: "float32" });
  logitCount(detector, sampleCount);
  const state = [...groups.map(({ name }) => `parameters/${name}`), ...detector.buffers.map(({ name }) => name)];
  const inputs: Record<string, TensorSpec> = { x: float(batchSize, detector.inputChannels, sampleCount) };
  for (const group of groups) inputs[`parameters/${group.name}`] = float(group.size);
  for (const { name, shape } of detector.buffers) inputs[name] = float(...shape);
  return {
    program: {
      name: `predict/${detector.name}`,
      identity: { model: detector.config, batchSize, sampleCount },
      inputs,
      state,
      build(tensors) {
        const named = { ...tensors };
        for (const group of groups) {
          const cut = cutGroup(group, tensors[`parameters/${group.name}`]!);
          group.members.forEach(({ spec }, i) => {
            named[spec.name] = cut[i]!;
          });
        }
        const probability = tf.sigmoid(detector.forward(named, tensors.x!, evaluation));
        return { probability, ...Object.fromEntries(state.map((name) => [name, tensors[name]!])) };
      },
    },
    packState(values) {
      const packed = Object.fromEntries(groups.map((group) => [`parameters/${group.name}`, packGroup(group, values)]));
      for (const { name } of detector.buffers) packed[name] = values[name]!;
      return packed;
    },
  };
}
