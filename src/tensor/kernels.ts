import type { TraceKernel } from "./kernel.js";
import { CONV_KERNELS } from "./kernels-conv.js";
import { ELEMENTWISE_KERNELS } from "./kernels-elementwise.js";
import { MATMUL_KERNELS } from "./kernels-matmul.js";
import { NORM_KERNELS } from "./kernels-norm.js";
import { REDUCE_KERNELS } from "./kernels-reduce.js";
import { SHAPE_KERNELS } from "./kernels-shape.js";
import { type TensorInfo, tf } from "./tf.js";
import type { TraceBackend } from "./trace-backend.js";

/** The name under which tfjs knows the tracing backend. */
export const TRACE_BACKEND = "ictal-trace";

const kernels = new Map<string, TraceKernel>(
  [ELEMENTWISE_KERNELS, REDUCE_KERNELS, SHAPE_KERNELS, MATMUL_KERNELS, CONV_KERNELS, NORM_KERNELS].flatMap((group) =>
    Object.entries(group),
  ),
);

function install(kernelName: string, record: TraceKernel): void {
  if (tf.getKernel(kernelName, TRACE_BACKEND)) tf.unregisterKernel(kernelName, TRACE_BACKEND);
  tf.registerKernel({
    kernelName,
    backendName: TRACE_BACKEND,
    kernelFunc: ({ inputs, backend: current, attrs }) => {
      const backend = current as TraceBackend; // the one registered under that name
      const attributes = attrs ?? {};
      const outputs = record(backend, inputs, attributes);
      const isConstant = (tensor: TensorInfo) => backend.isConstant(tensor);
      backend.observe?.({ kernelName, inputs, attributes, outputs, isConstant });
      return outputs;
    },
  });
}

let installed = false;

/** Register the kernels of the tracing backend with tfjs. */
export function installTraceKernels(): void {
  if (installed) return;
  for (const [name, record] of kernels) install(name, record);
  installed = true;
}

/** Register one more tfjs kernel with the tracer, or replace one; applies to programs compiled from now on. */
export function registerTraceKernel(kernelName: string, record: TraceKernel): void {
  kernels.set(kernelName, record);
  if (installed) install(kernelName, record);
}

/** The tfjs kernels that can be traced, sorted. */
export function traceKernelNames(): string[] {
  return [...kernels.keys()].sort();
}
