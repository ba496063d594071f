import { ConfigError } from "../base/errors.js";
import { openEagerExecutor } from "./eager-executor.js";
import { openOnnxExecutor } from "./onnx-executor.js";
import { EXECUTOR_NAMES, type Executor } from "./program.js";

export interface OpenOptions {
  /** Threads inside one operation, where the executor lets one choose. @default os.availableParallelism() */
  readonly threads?: number;
}

export async function openExecutor(device: string, options: OpenOptions = {}): Promise<Executor & { choice: string }> {
  if (device === "cpu") return { ...openEagerExecutor("cpu", "cpu"), choice: "cpu" };
  if (device === "onnx-cpu" || device === "auto") {
    return { ...(await openOnnxExecutor("onnx-cpu", options)), choice: "onnx-cpu" };
  }
  const allowed = ["auto", ...EXECUTOR_NAMES].join(", ");
  throw new ConfigError(`unknown device ${JSON.stringify(device)}; allowed are ${allowed}`, {
    key: "device",
    value: device,
    allowed,
  });
}
