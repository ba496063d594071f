import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ExecutorName } from "../../src/tensor/program.js";

/** One check of one executor. */
export interface Conformance {
  readonly check: string;
  /** What the error is measured against. */
  readonly against: "differences" | "PyTorch";
  /** Greatest error relative to the greatest value. */
  readonly error: number;
  readonly milliseconds: number;
}

export interface ConformanceRun {
  readonly rows: readonly Conformance[];
  /** Why the executor did not come to the end of its checks. */
  readonly stopped?: string;
}

/** Debian's chromium brings a Vulkan loader and a driver that computes on the CPU. */
const SOFTWARE_VULKAN = "/usr/lib/chromium";
const SOFTWARE_DRIVER = `${SOFTWARE_VULKAN}/vk_swiftshader_icd.json`;

function environment(name: ExecutorName): NodeJS.ProcessEnv {
  if (!name.endsWith("webgpu") || !existsSync(SOFTWARE_DRIVER) || process.env.VK_ICD_FILENAMES) return process.env;
  return { ...process.env, LD_LIBRARY_PATH: SOFTWARE_VULKAN, VK_ICD_FILENAMES: SOFTWARE_DRIVER };
}

/**
 * Run all checks on one executor, in a process of its own; WebGPU runs on Chromium's software driver where that is installed.
 * With `isTimed` each program runs a second time, whose milliseconds count; a software driver takes long for one.
 */
export function runConformance(name: ExecutorName, isTimed = false): ConformanceRun {
  const child = fileURLToPath(new URL("conformance-child.js", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, name, ...(isTimed ? ["timed"] : [])], {
    encoding: "utf8",
    env: environment(name),
  });
  const rows = stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Conformance] : []));
  if (status === 0) return { rows };
  return { rows, stopped: /Error: (.*)/.exec(stderr)?.[1] ?? stderr.trim().split("\n").at(-1) ?? `status ${status}` };
}
