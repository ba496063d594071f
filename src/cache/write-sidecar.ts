/** What a build needs of sidecars: apart from reading them, so that its threads load no schema. */
import { join } from "node:path";
import { canonicalJson } from "@ictal/base/canonical";
import { sidecarFile } from "./paths.js";
import type { Sidecar } from "./sidecar.js";
import { writeCacheFile } from "./temporary.js";

/** False for a recording without one channel that is neither flat nor filled: it holds no brain signal. */
export function hasSignal({ flat, filled }: Pick<Sidecar, "flat" | "filled">): boolean {
  return flat.some((mark, channel) => !mark && !filled[channel]);
}

/** Write a sidecar atomically; equal content gives equal bytes. */
export async function writeSidecar(dir: string, sidecar: Sidecar): Promise<void> {
  await writeCacheFile(dir, join(dir, sidecarFile(sidecar.id)), `${canonicalJson(sidecar)}\n`);
}
