/** The detector that a checkpoint path means: weights of a network of Ictal's, or a foreign network. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Executor } from "../tensor/program.js";
import type { WeightsOrigin } from "./checkpoint-state.js";
import { NETWORK_FILE, readForeign } from "./foreign-network.js";
import { type LoadWeightsOptions, loadWeights } from "./load-weights.js";
import { openForeign } from "./open-foreign.js";
import { openWeights, type WindowNetwork } from "./predict.js";

export interface OpenDetectorOptions {
  readonly executor: Executor;
  /** Windows per run, where the network leaves it free. */
  readonly batchSize: number;
  /** Channels of the cache. */
  readonly cached: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** A detector that can be opened on an executor. */
export interface LoadedDetector {
  readonly name: string;
  /** SHA-256 of its file. */
  readonly hash: string;
  /** What it takes; `model` says its configuration where it is a network of Ictal's. */
  readonly origin: Omit<WeightsOrigin, "model">;
  /** False where its channels may be a selection of the cache's in another order. */
  readonly takesAllChannels: boolean;
  readonly outputStrideSamples: number;
  open(options: OpenDetectorOptions): Promise<WindowNetwork & { dispose(): Promise<void> }>;
}

/** Load what `path` names: as `loadWeights`, or the folder of an imported ONNX network. */
export async function loadDetector(path: string, options: LoadWeightsOptions = {}): Promise<LoadedDetector> {
  if (existsSync(join(path, NETWORK_FILE))) {
    const foreign = await readForeign(path);
    const { network } = foreign;
    return {
      name: network.name,
      hash: network.sha256,
      origin: network,
      takesAllChannels: false,
      outputStrideSamples: network.outputStrideSamples,
      open: ({ executor, batchSize, cached }) => openForeign(foreign, { executor: executor.name, batchSize, cached }),
    };
  }
  const { detector, values, origin, hash } = await loadWeights(path, options);
  return {
    name: detector.name,
    ...{ hash, origin },
    takesAllChannels: true,
    outputStrideSamples: detector.outputStrideSamples,
    open: ({ executor, batchSize, signal }) =>
      openWeights(executor, detector, values, { batchSize, windowSamples: origin.windowSamples, signal }),
  };
}
