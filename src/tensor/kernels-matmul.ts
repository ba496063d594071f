import { type Binary, kernel, type TraceKernels } from "./kernel.js";
import { broadcastShape, type Recorder } from "./recorder.js";
import type { TensorInfo } from "./tf.js";

/** Matrix product over the last two axes; leading axes broadcast. ONNX Runtime folds the transposes into its product. */
export function product(
  recorder: Recorder,
  a: TensorInfo,
  b: TensorInfo,
  transposeA = false,
  transposeB = false,
): TensorInfo {
  const left = transposeA ? lastAxesSwapped(recorder, a) : a; // [..., M, K]
  const right = transposeB ? lastAxesSwapped(recorder, b) : b; // [..., K, N]
  const batch = broadcastShape([left.shape.slice(0, -2), right.shape.slice(0, -2)]);
  const name = recorder.graph.add("MatMul", [recorder.dense(left), recorder.dense(right)]);
  return recorder.computed(name, [...batch, left.shape.at(-2)!, right.shape.at(-1)!], a.dtype);
}

function lastAxesSwapped(recorder: Recorder, x: TensorInfo): TensorInfo {
  const rank = x.shape.length;
  const order = x.shape.map((_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis));
  return recorder.transposed(x, order);
}

const batchMatMul = kernel<Binary, { transposeA: boolean; transposeB: boolean }>((recorder, { a, b }, attributes) =>
  product(recorder, a, b, attributes.transposeA, attributes.transposeB),
);

/** Matrix products. */
export const MATMUL_KERNELS: TraceKernels = { BatchMatMul: batchMatMul };
