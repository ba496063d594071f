import type { KernelProcess } from "./kernel-process.js";
import type { TreeUsage } from "./process-tree.js";

/** What one cell took of the machine; a member is missing where /proc is not available. */
export interface CellResources {
  /** User and system time of the kernel and everything below it, in seconds. */
  readonly cpuSeconds?: number;
  /** Peak resident memory of the kernel process alone, in bytes. */
  readonly kernelPeakBytes?: number;
  /** Highest sum over the kernel and everything below it, from samples, in bytes; shared pages count for each process. */
  readonly peakBytes?: number;
}

const SAMPLE_MILLISECONDS = 1000;

/** Starts to measure; the function it returns ends that and gives the result. */
export async function measureResources(
  kernel: Pick<KernelProcess, "usage" | "resetPeakMemory" | "peakMemoryBytes">,
  onSample: (usage: TreeUsage) => void,
): Promise<() => Promise<CellResources>> {
  const counted = await kernel.resetPeakMemory();
  const first = await kernel.usage();
  let last = first;
  let peak = 0;
  const sample = async () => {
    const usage = await kernel.usage();
    if (!usage) return;
    // an ended child that its parent has not asked for yet is in neither sum
    last = { ...usage, cpuSeconds: Math.max(usage.cpuSeconds, last?.cpuSeconds ?? 0) };
    peak = Math.max(peak, usage.residentBytes);
  };
  const timer = setInterval(
    () => void sample().then(() => last && onSample(last)), // reads /proc only, which never rejects
    SAMPLE_MILLISECONDS,
  );
  return async () => {
    clearInterval(timer);
    await sample();
    const kernelPeakBytes = counted ? await kernel.peakMemoryBytes() : undefined;
    if (!first || !last) return {};
    return {
      cpuSeconds: Number((last.cpuSeconds - first.cpuSeconds).toFixed(2)),
      ...(kernelPeakBytes === undefined ? {} : { kernelPeakBytes }),
      peakBytes: Math.max(peak, kernelPeakBytes ?? 0),
    };
  };
}
