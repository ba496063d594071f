import { UnsupportedError } from "@ictal/base/errors";
import type { FilledTrainOptions } from "./options.js";

/** How the runtimes say that memory ran out: ONNX Runtime and CUDA, TensorFlow, WebAssembly and WebGPU, C++. */
const SIGNS = [
  /failed to allocate memory/i,
  /out of memory/i,
  /\bOOM\b/,
  /ALLOC_FAILED/,
  /available memory of \d+ is smaller than requested/i,
  /bad_alloc/,
  /array buffer allocation failed/i,
];

/** An instance reserves its address space when it is made, before any batch. */
const ADDRESS_SPACE = /WebAssembly\.(Instance|Memory)\(\)/;

/** What to lower, in the words of a configuration. */
export function memoryAdvice({ batchSize, accumulate }: FilledTrainOptions): string {
  if (batchSize === 1)
    return "training.batch_size is 1 already: take shorter windows (data.window_size), a smaller model or another executor (experiment.device)";
  const half = Math.ceil(batchSize / 2);
  return `lower training.batch_size from ${batchSize} to ${half} with training.gradient_accumulation_steps: ${2 * accumulate}, which trains nearly alike in about half the memory`;
}

/** An error that says what to lower when `error` says that memory ran out; else `error` itself. */
export function explainMemory(error: unknown, executor: string, options: FilledTrainOptions): unknown {
  const text = error instanceof Error ? error.message : String(error);
  if (!SIGNS.some((sign) => sign.test(text))) return error;
  if (ADDRESS_SPACE.test(text))
    return new UnsupportedError(
      `this process may not reserve the memory that WebAssembly asks for, whatever the batch: raise its limit of address space (ulimit -v unlimited, or that of the job). It said: ${text}`,
      { cause: error },
    );
  return new UnsupportedError(
    `${executor} has not enough memory for batches of ${options.batchSize} windows: ${memoryAdvice(options)}. It said: ${text}`,
    { cause: error },
  );
}
