import { isIctalError, UnsupportedError } from "@ictal/base/errors";
import { elementAt } from "../base/lookup.js";
import { releaseTape } from "./gradient-scope.js";
import { installTraceKernels, TRACE_BACKEND } from "./kernels.js";
import type { ValueInfo } from "./onnx-proto.js";
import { checkOutputs, checkProgram, elementType, type Program } from "./program.js";
import { type Tensor, tf } from "./tf.js";
import { type KernelObserver, type Provider, TraceBackend } from "./trace-backend.js";

/** A program as an ONNX model; `inputName` and `outputName` give the names of its inputs and outputs. */
export interface TracedGraph {
  /** An `.onnx` file of operator set 18. */
  readonly bytes: Uint8Array;
  /** What `build` returned, in its order, but for `fixed`. */
  readonly outputNames: readonly string[];
  /** States that `build` returned as it got them: the graph has no output for them. */
  readonly fixed: readonly string[];
  readonly nodeCount: number;
}

/** Names of graph inputs and outputs: the same name may be both in a program, but not in ONNX. */
export const inputName = (name: string): string => `in:${name}`;
export const outputName = (name: string): string => `out:${name}`;

/** The names that inputs and outputs of a program have in its graph. */
export interface ValueNames {
  input(name: string): string;
  output(name: string): string;
}

export interface TraceOptions {
  /** @default inputName and outputName */
  readonly names?: ValueNames | undefined;
  /** Called for every kernel call, in order. */
  readonly observe?: KernelObserver | undefined;
  /** ONNX Runtime's provider that the graph is for, whose faults are then worked around. @default any */
  readonly provider?: Provider | undefined;
}

let tracing = false;

/**
 * Run `program.build` once on tensors without values and return the operations that it called as an ONNX graph. Synchronous; tfjs's
 * current backend is the same afterwards and no tensor is left behind. Throws UnsupportedError that names the first
 * kernel which cannot be traced.
 */
export function traceProgram(program: Program, options: TraceOptions = {}): TracedGraph {
  const { names = { input: inputName, output: outputName }, observe, provider } = options;
  checkProgram(program);
  if (tracing) throw new UnsupportedError(`program ${program.name} is compiled inside another program's build`);
  installTraceKernels();
  const previous = tf.getBackend();
  const backend = new TraceBackend(observe, provider);
  tracing = true;
  tf.registerBackend(TRACE_BACKEND, () => backend);
  try {
    void tf.setBackend(TRACE_BACKEND); // takes effect at once: the factory is synchronous
    const graphs: TracedGraph[] = [];
    tf.tidy(() => {
      graphs.push(record(program, backend, names));
    });
    return elementAt(graphs, 0);
  } catch (error) {
    releaseTape();
    throw explain(error, program);
  } finally {
    void tf.setBackend(previous);
    tf.removeBackend(TRACE_BACKEND);
    tracing = false;
  }
}

function record(program: Program, backend: TraceBackend, names: ValueNames): TracedGraph {
  const engine = tf.engine();
  const tensors: Record<string, Tensor> = {};
  const inputs: ValueInfo[] = [];
  for (const [name, spec] of Object.entries(program.inputs)) {
    tensors[name] = engine.makeTensorFromTensorInfo(backend.input(names.input(name), spec));
    inputs.push({ name: names.input(name), type: spec.dtype, shape: spec.shape });
  }
  const built = program.build(tensors);
  checkOutputs(program, built);
  const values = Object.entries(built).map(([name, tensor]) => {
    const info = { name: names.output(name), type: elementType(tensor.dtype), shape: tensor.shape };
    return { name, info, value: backend.dense(tensor) };
  });
  const isFixed = ({ name, value }: { name: string; value: string }) =>
    program.state?.includes(name) === true && value === names.input(name);
  const outputs = values.filter((each) => !isFixed(each));
  return {
    ...backend.graph.encode(program.name, inputs, outputs),
    outputNames: outputs.map(({ name }) => name),
    fixed: values.filter(isFixed).map(({ name }) => name),
  };
}

/** tfjs reports a missing kernel by a plain Error; say which kernel and what can be done. */
function explain(error: unknown, program: Program): unknown {
  if (!(error instanceof Error) || isIctalError(error)) return error;
  const missing = /Kernel '(\w+)' not registered/.exec(error.message)?.[1];
  if (!missing) return error;
  return new UnsupportedError(
    `program ${program.name} uses the tensorflow.js kernel ${missing}, which cannot be traced to ONNX yet: express it by other ` +
      `operations, call registerTraceKernel("${missing}", …), add it to the table of a src/tensor/kernels-*.ts file, or run on the executor "cpu"`,
    { cause: error },
  );
}
