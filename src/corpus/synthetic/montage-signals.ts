import type { Random } from "../../base/random.js";
import { createDraws, type Draws } from "./draws.js";
import { ELECTRODES, rowOf, SCALP, type Scalp } from "./head.js";
import { driftInto, noiseState } from "./noise.js";
import type { SyntheticRecording } from "./recording-table.js";

/** One signal of an EDF file before it is quantised. */
export interface SynthesizedSignal {
  readonly label: string;
  readonly sampleRateHz: number;
  /** Microvolts, `durationSeconds * sampleRateHz` of them. */
  readonly samples: Float32Array;
}

/** The reference's name in a signal label. */
function referenceName(montage: string): "LE" | "REF" {
  return montage.startsWith("02") ? "LE" : "REF";
}

/** Electrodes that the file holds. */
function recordedElectrodes({ montage, traits }: SyntheticRecording<string>): string[] {
  const absent = new Set<string>();
  if (montage === "03_tcp_ar_a") for (const ear of ["A1", "A2"]) absent.add(ear);
  if (traits.includes("no-midline")) for (const midline of ["FZ", "PZ"]) absent.add(midline);
  if (!traits.includes("distractor")) absent.add("C3P");
  return ELECTRODES.filter((name) => !absent.has(name));
}

/** Mean of both ears for linked ears, mean of the scalp otherwise: the reference of a montage, microvolts. */
export function montageReference(scalp: Scalp, montage: string): Float32Array {
  return meanOf(scalp, referenceName(montage) === "LE" ? ["A1", "A2"] : SCALP);
}

/** Mean of some electrodes, microvolts. */
export function meanOf(scalp: Scalp, electrodes: readonly string[]): Float32Array {
  const rows = electrodes.map((name) => rowOf(scalp, name));
  const reference = new Float32Array(scalp.sampleCount);
  const share = 1 / rows.length;
  for (const row of rows) for (let i = 0; i < row.length; i++) reference[i]! += share * row[i]!;
  return reference;
}

/** Subtract a reference from all electrodes in place. */
function rereferenceInto(scalp: Scalp, reference: Float32Array): void {
  for (const name of ELECTRODES) {
    const row = rowOf(scalp, name);
    for (let i = 0; i < row.length; i++) row[i]! -= reference[i]!;
  }
}

/** ECG with a slowly changing heart rate: P, QRS and T as Gaussian waves, microvolts. */
function heartSignal(sampleCount: number, sampleRateHz: number, heartRateHz: number, draws: Draws): Float32Array {
  const waves = [
    { at: -0.17, width: 0.025, microvolts: 90 },
    { at: -0.025, width: 0.01, microvolts: -110 },
    { at: 0, width: 0.012, microvolts: 850 },
    { at: 0.028, width: 0.011, microvolts: -210 },
    { at: 0.24, width: 0.05, microvolts: 190 },
  ];
  const heartbeat = Float32Array.from({ length: Math.round(0.7 * sampleRateHz) }, (_, i) => {
    const seconds = i / sampleRateHz - 0.25;
    return waves.reduce(
      (sum, { at, width, microvolts }) => sum + microvolts * Math.exp(-(((seconds - at) / width) ** 2)),
      0,
    );
  });
  const signal = new Float32Array(sampleCount);
  for (let start = 0; start < sampleCount; ) {
    const count = Math.min(heartbeat.length, sampleCount - start);
    for (let i = 0; i < count; i++) signal[start + i]! += heartbeat[i]!;
    start += Math.round((sampleRateHz / heartRateHz) * (1 + 0.04 * draws.normal()));
  }
  return signal;
}

/** The 1 Hz trend signals of the recording device. */
function trendSignals(durationSeconds: number, draws: Draws): SynthesizedSignal[] {
  return ["IBI", "BURSTS", "SUPPR"].map((label) => {
    const level = draws.between(0, 40);
    const samples = Float32Array.from({ length: durationSeconds }, () => Math.round(level + 4 * draws.normal()));
    return { label, sampleRateHz: 1, samples };
  });
}

/**
 * The signals of one file in the order of the file: referenced electrodes (their order differs between files), EKG,
 * trends. Changes `scalp`, whose rows the samples are views of. `referenceSignal` is subtracted, by default that of the
 * montage.
 */
export function montageSignals(
  scalp: Scalp,
  recording: SyntheticRecording<string>,
  heartRateHz: number,
  random: Random,
  referenceSignal: Float32Array = montageReference(scalp, recording.montage),
): SynthesizedSignal[] {
  const { sampleRateHz, sampleCount } = scalp;
  const draws = createDraws(random);
  const reference = referenceName(recording.montage);
  rereferenceInto(scalp, referenceSignal);
  const heart = heartSignal(sampleCount, sampleRateHz, heartRateHz, draws);
  const signals = recordedElectrodes(recording).map((electrode) => {
    const samples = rowOf(scalp, electrode);
    if (electrode === "C3P") addLooseContact(samples, sampleRateHz, random.stream("C3P"));
    if (recording.traits.includes("offset") && draws.chance(0.6)) {
      const offset = draws.between(1000, 4200) * (draws.chance(0.5) ? 1 : -1);
      for (let i = 0; i < samples.length; i++) samples[i]! += offset;
    }
    return { label: `EEG ${electrode}-${reference}`, sampleRateHz, samples };
  });
  const order = draws.chance(0.3) ? [...random.stream("order").permutation(signals.length)] : [...signals.keys()];
  if (draws.chance(0.5)) order.push(...order.splice(0, draws.pick([2, 5, 8])));
  return [
    ...order.map((index) => signals[index]!),
    { label: `EEG EKG1-${reference}`, sampleRateHz, samples: heart },
    ...trendSignals(recording.durationSeconds, draws),
  ];
}

/** Add large slow drift: a reader that mistakes C3P for C3 fails. */
function addLooseContact(samples: Float32Array, sampleRateHz: number, random: Random): void {
  const drift = new Float32Array(samples.length);
  driftInto(drift, sampleRateHz, 2, noiseState(random));
  for (let i = 0; i < samples.length; i++) samples[i]! += 300 * drift[i]!;
}
