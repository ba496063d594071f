import { elementAt } from "../base/lookup.js";
import { type Binary, kernel, type TraceKernels } from "./kernel.js";
import type { TensorInfo } from "./tf.js";
import { broadcastShape, type TraceBackend } from "./trace-backend.js";

/** Matrix product over the last two axes; leading axes broadcast. ONNX Runtime folds the transposes into its product. */
export function product(
  backend: TraceBackend,
  a: TensorInfo,
  b: TensorInfo,
  transposeA = false,
  transposeB = false,
): TensorInfo {
  const left = transposeA ? lastAxesSwapped(backend, a) : a; // [..., M, K]
  const right = transposeB ? lastAxesSwapped(backend, b) : b; // [..., K, N]
  const batch = broadcastShape([left.shape.slice(0, -2), right.shape.slice(0, -2)]);
  const name = backend.graph.add("MatMul", [backend.dense(left), backend.dense(right)]);
  return backend.computed(name, [...batch, elementAt(left.shape, -2), elementAt(right.shape, -1)], a.dtype);
}

function lastAxesSwapped(backend: TraceBackend, x: TensorInfo): TensorInfo {
  const rank = x.shape.length;
  const order = x.shape.map((_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis));
  return backend.transposed(x, order);
}

const batchMatMul = kernel<Binary, { transposeA: boolean; transposeB: boolean }>((backend, { a, b }, attributes) =>
  product(backend, a, b, attributes.transposeA, attributes.transposeB),
);

/** Matrix products. */
export const MATMUL_KERNELS: TraceKernels = { BatchMatMul: batchMatMul };
