import { ConfigError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import { memberOf } from "../base/lookup.js";
import type { Program } from "../tensor/program.js";
import { tf } from "../tensor/tf.js";
import { traceProgram } from "../tensor/trace.js";
import { evaluation } from "./layers.js";
import { logitCount, type Network } from "./network.js";
import type { ParameterValues } from "./parameters.js";

/** Size of what the exported network takes in one run. */
export interface ExportOnnxOptions {
  /** Samples of a window, a multiple of the detector's `lengthMultiple`; fixed in the file. */
  readonly sampleCount: number;
  /** Windows per run; fixed in the file. @default 1 */
  readonly batchSize?: number | undefined;
}

/** Throws a ConfigError that names the first array which is missing or has another size. */
function checkValues({ name, parameters, buffers }: Network, values: Readonly<ParameterValues>): void {
  for (const spec of [...parameters, ...buffers]) {
    const expected = spec.shape.reduce((size, length) => size * length, 1);
    const found = values[spec.name]?.length;
    if (found === expected) continue;
    throw new ConfigError(
      `cannot export ${name}: ${spec.name} has ${found ?? "no"} values; expected ${expected} ([${spec.shape}])`,
      { key: spec.name, value: found, allowed: String(expected) },
    );
  }
}

/**
 * The detector in evaluation with its weights as an `.onnx` file of operator set 18 that any ONNX runtime runs alone: input
 * `x` [B, C, L], standard deviations per channel; output `probability` [B, M] of seizure per logit. Throws a ConfigError when
 * `values` do not fit the detector or it cannot take the length.
 */
export function exportOnnx(
  detector: Network,
  values: Readonly<ParameterValues>,
  options: ExportOnnxOptions,
): Uint8Array {
  const { sampleCount, batchSize = 1 } = options;
  requireCounts({ sampleCount, batchSize });
  logitCount(detector, sampleCount);
  checkValues(detector, values);
  const program: Program = {
    name: detector.name,
    identity: { model: detector.config, batchSize, sampleCount },
    inputs: { x: { shape: [batchSize, detector.inputChannels, sampleCount], dtype: "float32" } },
    build(inputs) {
      const named = Object.fromEntries(
        [...detector.parameters, ...detector.buffers].map(({ name, shape }) => [
          name,
          tf.tensor(memberOf(values, name), [...shape], "float32"),
        ]),
      );
      return { probability: tf.sigmoid(detector.forward(named, memberOf(inputs, "x"), evaluation)) };
    },
  };
  const asIs = (name: string) => name;
  return traceProgram(program, { names: { input: asIs, output: asIs } }).bytes;
}
