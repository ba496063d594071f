/** A checkpoint and a configuration that do not have the same channels, told before a cache is built or read. */
import { CacheError } from "@ictal/base/errors";
import { channelsFromConfig } from "../config/channels.js";
import type { Config } from "../config/schema.js";
import { readWeightsOrigin } from "../training/load-weights.js";

const named = (channels: readonly string[]) =>
  `${channels.length} channels (${channels.slice(0, 4).join(", ")}${channels.length > 4 ? ", …" : ""})`;

/** Throws a CacheError when the weights at `checkpoint` take other channels than the configuration gives. */
export async function requireSameChannels(checkpoint: string, config: Config): Promise<void> {
  const { channels: expected } = await readWeightsOrigin(checkpoint);
  const found = channelsFromConfig(config);
  if (found.join() === expected.join()) return;
  throw new CacheError(
    `the configuration gives ${named(found)}, the weights in ${checkpoint} take ${named(expected)}; set preprocessing.reference or data.channels as in training`,
    { found, expected },
  );
}
