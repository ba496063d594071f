/** A checkpoint and a configuration that do not have the same channels, told before a cache is built or read. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CacheError } from "@ictal/base/errors";
import { channelsFromConfig } from "../config/channels.js";
import type { Config } from "../config/schema.js";
import { NETWORK_FILE } from "../training/foreign-network.js";
import { readWeightsOrigin } from "../training/load-weights.js";

const named = (channels: readonly string[]) =>
  `${channels.length} channels (${channels.slice(0, 4).join(", ")}${channels.length > 4 ? ", …" : ""})`;

/** Throws a CacheError when the weights at `checkpoint` take other channels than the configuration gives. */
export async function requireSameChannels(checkpoint: string, config: Config): Promise<void> {
  if (existsSync(join(checkpoint, NETWORK_FILE))) return; // its channels are found by their names in the cache
  const origin = await readWeightsOrigin(checkpoint);
  if (origin === undefined) return; // loading the weights takes the configuration's word, or refuses them
  const { channels: expected } = origin;
  const found = channelsFromConfig(config);
  if (found.join() === expected.join()) return;
  throw new CacheError(
    `the configuration gives ${named(found)}, the weights in ${checkpoint} take ${named(expected)}; set preprocessing.reference or data.channels as in training`,
    { found, expected },
  );
}
