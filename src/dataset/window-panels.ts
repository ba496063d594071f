import { requireCounts } from "@ictal/base/options";
import type { EegPanel } from "../recording/eeg-panel.js";
import { recordingOf, validSamplesOf, type WindowIndex, windowClass, windowRow } from "./index-windows.js";
import { type WindowReader, zeroAfter } from "./window-reader.js";

/**
 * `count` windows of a selection that differ: two of three hold a seizure's edge, then one that is seizure throughout and
 * some without, each from another patient while there are other patients. In order of recording and time; pure.
 */
export function exampleWindows(index: WindowIndex, selection: Uint32Array, count: number): number[] {
  requireCounts({ count }, 0);
  const seen = new Map<string, number>();
  const byRarity = (windows: number[]) => {
    const chosen: number[] = [];
    const remaining = new Set(windows);
    while (remaining.size > 0 && chosen.length < count) {
      const [first = 0, ...others] = remaining;
      const rarest = others.reduce((best, window) => (timesSeen(window) < timesSeen(best) ? window : best), first);
      chosen.push(rarest);
      remaining.delete(rarest);
      seen.set(patientOf(rarest), timesSeen(rarest) + 1);
    }
    return chosen;
  };
  const patientOf = (window: number) => recordingOf(index, window).patient;
  const timesSeen = (window: number) => seen.get(patientOf(window)) ?? 0;
  const ofClass = (name: string) => byRarity([...selection].filter((window) => windowClass(index, window) === name));
  const partial = ofClass("partial").slice(0, Math.ceil((2 * count) / 3));
  const full = ofClass("full").slice(0, 1);
  const none = ofClass("none");
  return [...partial, ...full, ...none].slice(0, count).sort((a, b) => a - b);
}

/** Read windows of an index for drawing, in standard deviations; memory holds all of them at once. */
export async function windowPanels(
  reader: WindowReader,
  index: WindowIndex,
  windows: readonly number[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<EegPanel[]> {
  const { channels, sampleRateHz } = index.manifest;
  const panels: EegPanel[] = [];
  for (const window of windows) {
    signal?.throwIfAborted();
    const { recording, startSample } = windowRow(index, window, 0);
    const { id, seizures } = recordingOf(index, window);
    const { windowSamples } = index;
    const samples = new Float32Array(channels.length * windowSamples);
    await reader.readInto(samples, recording, startSample, windowSamples, { signal });
    zeroAfter(samples, windowSamples, validSamplesOf(index, window));
    const startSeconds = startSample / sampleRateHz;
    panels.push({
      title: `${id} at ${startSeconds} s, ${windowClass(index, window)}`,
      channels,
      sampleRateHz,
      startSeconds,
      samples,
      seizures,
    });
  }
  return panels;
}
