import type { EdfHeader } from "../../recording/edf-header.js";
import type { EdfSignal } from "../../recording/edf-signals.js";
import { electrodeOf } from "../../recording/electrodes.js";
import { ELECTRODES, rowOf, SCALP, type Scalp } from "./head.js";
import { meanOf } from "./montage-signals.js";

/** A signal of a recording in which a seizure can be seen: an electrode against the recording's reference, or a pair. */
export interface InjectChannel {
  readonly signal: EdfSignal;
  readonly electrode: string;
  /** The second electrode of a bipolar channel. */
  readonly against?: string;
}

const known = (name: string | undefined) => (name !== undefined && ELECTRODES.includes(name) ? name : undefined);

/** Electrodes of a label: one ("EEG FP1-REF"), or the pair of a bipolar channel ("FP1-F7"); undefined for all others. */
function electrodesOf(label: string): { electrode: string; against?: string } | undefined {
  const single = known(electrodeOf(label));
  if (single) return { electrode: single };
  const [first, second, ...rest] = label.replace(/^EEG[ -]+/i, "").split("-");
  const electrode = known(electrodeOf(first ?? ""));
  const against = known(electrodeOf(second ?? ""));
  return electrode && against && rest.length === 0 ? { electrode, against } : undefined;
}

/** Channels of a header that take a seizure: those with the sample rate that most of them have. */
export function injectChannels({ signals }: EdfHeader): InjectChannel[] {
  const channels = signals.flatMap((signal): InjectChannel[] => {
    const electrodes = signal.isAnnotation || !signal.isScaled ? undefined : electrodesOf(signal.label);
    return electrodes ? [{ signal, ...electrodes }] : [];
  });
  const counts = new Map<number, number>();
  for (const { signal } of channels) counts.set(signal.sampleRateHz, (counts.get(signal.sampleRateHz) ?? 0) + 1);
  const [usual] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  return channels.filter(({ signal }) => signal.sampleRateHz === usual);
}

/**
 * What each channel would record of the potentials of `scalp`, microvolts: the difference of its pair, else the difference to
 * the mean of the ears (label with -LE) or of the 19 scalp electrodes (all other references, which a file does not tell).
 */
export function recordedBy(channels: readonly InjectChannel[], scalp: Scalp): Float32Array[] {
  const ears = meanOf(scalp, ["A1", "A2"]);
  const average = meanOf(scalp, SCALP);
  return channels.map(({ signal, electrode, against }) => {
    const row = rowOf(scalp, electrode);
    const common = /-LE$/i.test(signal.label.trim()) ? ears : average;
    const reference = against === undefined ? common : rowOf(scalp, against);
    return row.map((value, i) => value - reference[i]!);
  });
}
