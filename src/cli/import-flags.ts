import { join } from "node:path";
import type { LoadedConfig } from "../config/load-config.js";
import { CONFIG_FILE } from "./checkpoint-config.js";

/** What commander hands over to `ictal model import`. */
export interface ImportFlags {
  readonly model?: string;
  readonly out: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly map?: readonly string[];
  readonly channels?: readonly string[];
  readonly rate?: number;
  readonly window?: number;
  readonly output?: "probability" | "logit";
  readonly seizureClass?: number;
}

/**
 * The configured seconds from window to window as an override, to be written with the detector; half a window where the configured ones
 * leave time without a probability or are shorter than a value lasts.
 */
export function strideSet(
  { config }: LoadedConfig,
  sizes: { readonly windowSamples: number; readonly sampleRateHz: number; readonly outputStrideSamples: number },
): string {
  const { windowSamples, sampleRateHz, outputStrideSamples } = sizes;
  const { stride } = config.data;
  const samples = Math.round((stride * sampleRateHz) / outputStrideSamples) * outputStrideSamples;
  if (stride * sampleRateHz <= windowSamples && samples >= outputStrideSamples) return `data.stride=${stride}`;
  const half = Math.max(1, Math.floor(windowSamples / 2 / outputStrideSamples)) * outputStrideSamples;
  return `data.stride=${half / sampleRateHz}`;
}

/** What to run next with an imported detector. */
export function nextSteps(dir: string): string[] {
  return [
    `use it: ictal detect recording.edf events.tsv --checkpoint ${dir}`,
    `on a corpus: ictal cache build --config ${join(dir, CONFIG_FILE)} --data-dir CORPUS --cache-dir CACHE`,
    `             ictal predict --checkpoint ${dir} --cache-dir CACHE --out OUT --events`,
  ];
}
