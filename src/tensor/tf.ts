import { createRequire } from "node:module";
import type * as Tfjs from "@tensorflow/tfjs";

export type {
  DataId,
  DataType,
  KernelBackend,
  NamedAttrMap,
  NamedTensorInfoMap,
  Rank,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  TensorInfo,
  TensorLike,
  TypedArray,
} from "@tensorflow/tfjs";

type TfModule = typeof Tfjs;

const require = createRequire(import.meta.url);
let loaded: TfModule | undefined;

/** The cpu backend greets the console at its first write unless this flag is already down. */
interface CpuBackend {
  firstUse: boolean;
}

/**
 * Load tensorflow.js once, as CommonJS: danfojs and other CommonJS users then share the module and its engine. The cpu
 * backend becomes current unless the process has chosen one, since tfjs would otherwise try WebGL and complain.
 */
function load(): TfModule {
  const tfjs = require("@tensorflow/tfjs") as TfModule;
  if (!tfjs.getBackend()) void tfjs.setBackend("cpu"); // synchronous for the cpu backend
  const cpu = tfjs.engine().findBackend("cpu") as unknown as CpuBackend | null;
  if (cpu) cpu.firstUse = false;
  return tfjs;
}

/**
 * tensorflow.js (all operations and their gradients), loaded at the first use of any member, so that importing a module
 * which merely mentions it costs nothing. Use this and no other import of tensorflow.js: there must be one engine.
 */
export const tf: TfModule = new Proxy({} as TfModule, {
  get(_, name) {
    loaded ??= load();
    return loaded[name as keyof TfModule];
  },
  has(_, name) {
    loaded ??= load();
    return name in loaded;
  },
});
