import { kernel, type TraceKernels } from "./kernel.js";
import type { TensorInfo } from "./tf.js";

interface BatchNorm {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo;
  readonly offset?: TensorInfo;
}

/** (x - mean) / √(variance + ε) · scale + offset with given statistics; the factor is computed once per channel. */
const batchNorm = kernel<BatchNorm, { varianceEpsilon: number }>((backend, inputs, { varianceEpsilon }) => {
  const { x, mean, variance, scale, offset } = inputs;
  const steady = backend.elementwise(
    "Add",
    [variance, backend.filled(varianceEpsilon, variance.shape, "float32")],
    "float32",
  );
  const inverse = backend.elementwise("Reciprocal", [backend.elementwise("Sqrt", [steady], "float32")], "float32");
  const factor = scale ? backend.elementwise("Mul", [inverse, scale], "float32") : inverse;
  const centred = backend.elementwise("Sub", [x, mean], "float32");
  const scaled = backend.elementwise("Mul", [centred, factor], "float32");
  return offset ? backend.elementwise("Add", [scaled, offset], "float32") : scaled;
});

/** Normalization. */
export const NORM_KERNELS: TraceKernels = { FusedBatchNorm: batchNorm };
