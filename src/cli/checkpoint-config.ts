/** The configuration that a detector brings with it, so that commands need no other. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LoadedConfig } from "../config/load-config.js";
import type { WeightsOrigin } from "../training/checkpoint-state.js";

/** Its name in the folder of an imported model, and of one made for a SzCORE container. */
export const CONFIG_FILE = "config.yaml";

/** The flags with the configuration in the checkpoint's folder, where there is one and none is given. */
export function withOwnConfig<T extends { readonly config?: string | undefined; readonly checkpoint: string }>(
  flags: T,
): T {
  const own = join(flags.checkpoint, CONFIG_FILE);
  return flags.config === undefined && existsSync(own) ? { ...flags, config: own } : flags;
}

/** What weights take that do not say so themselves, by a configuration that names the detector; undefined without one. */
export async function originOf({ config, isGiven }: LoadedConfig): Promise<WeightsOrigin | undefined> {
  if (!isGiven("model") || config.model.name === "") return undefined;
  const { detectorOrigin } = await import("../config/detector-origin.js");
  return detectorOrigin(config);
}
