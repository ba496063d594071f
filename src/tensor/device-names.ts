/** Names for what a run computes on: PyTorch's, and those of the executors. */
const EXECUTOR_OF: Readonly<Record<string, string>> = { cuda: "onnx-cuda", cpu: "onnx-cpu", mps: "onnx-webgpu" };

/** Names that a device can have. */
export const DEVICE_NAMES = [
  "auto",
  "cuda",
  "cpu",
  "mps",
  "onnx-cpu",
  "onnx-cuda",
  "onnx-webgpu",
  "tensorflow",
  "webgpu",
  "wasm",
] as const;

/** The executor, or "auto", that a device's name means. */
export function executorOfDevice(device: string): string {
  return EXECUTOR_OF[device] ?? device;
}
