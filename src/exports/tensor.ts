/**
 * Executors that run compiled programs: ONNX Runtime, tensorflow.js, WebAssembly.
 * @module ictal/tensor
 */
export { type ChosenExecutor, type ExecutorProbe, openExecutor, probeExecutors } from "../tensor/open.js";
export type { Compiled, Executor, Program, TensorSpec } from "../tensor/program.js";
