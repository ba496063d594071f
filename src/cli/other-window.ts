/** A window that is configured and not used, since the weights bring their own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { notify, printable } from "@ictal/base/printable";
import type { LoadedConfig } from "../config/load-config.js";
import { NETWORK_FILE } from "../training/foreign-network.js";
import { readWeightsOrigin } from "../training/load-weights.js";

/** Says that `data.window_size` is given and has no effect on the weights at `checkpoint`, which take another window. */
export async function reportOtherWindow(checkpoint: string, { config, isGiven }: LoadedConfig): Promise<void> {
  if (!isGiven("data.window_size") || existsSync(join(checkpoint, NETWORK_FILE))) return;
  const origin = await readWeightsOrigin(checkpoint);
  if (origin === undefined) return;
  const seconds = origin.windowSamples / origin.sampleRateHz;
  if (seconds === config.data.window_size) return;
  notify(
    `ictal: data.window_size ${config.data.window_size} has no effect: the weights in ${printable(checkpoint)} take windows of ${seconds} s`,
  );
}
