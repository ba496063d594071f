/** Spectra of seizures and of the EEG between them, over a whole corpus. */
import { isIctalError } from "@ictal/base/errors";
import { requireCounts, requireNumber } from "@ictal/base/options";
import type { Progress } from "@ictal/base/progress";
import { mapConcurrent } from "../base/concurrent.js";
import { complementIntervals, type Event, type Interval } from "../base/events.js";
import { quantileOf } from "../base/quantile.js";
import { type EdfHeader, readEdfHeader } from "../recording/edf-header.js";
import { readEdfPage } from "../recording/edf-page.js";
import { ELECTRODES_19 } from "../signal/electrodes.js";
import { meanSpectrum } from "../signal/mean-spectrum.js";
import type { Store } from "../store/store.js";
import type { Catalogue } from "./catalogue.js";
import { entrySource } from "./entry-source.js";
import type { RecordingEntry } from "./recording-entry.js";

/** Median and quartiles over seizures, in dB, shape [frequency]. */
export interface SpectrumQuartiles {
  readonly lower: Float64Array;
  readonly median: Float64Array;
  readonly upper: Float64Array;
}

export interface IctalSpectra {
  /** Shape [frequency]: 1 to `highHz` in steps of 0.5 Hz. */
  readonly frequenciesHz: Float64Array;
  /** dB re 1 µV²/Hz. */
  readonly ictal: SpectrumQuartiles;
  /** dB re 1 µV²/Hz. */
  readonly interictal: SpectrumQuartiles;
  /** Ictal less interictal of the same recording, in dB. */
  readonly difference: SpectrumQuartiles;
  readonly seizures: number;
  readonly recordings: number;
  /** Seizures without enough EEG between seizures in their recording, or whose recording cannot be read, with the reason. */
  readonly leftOut: readonly { readonly id: string; readonly reason: string }[];
}

export interface IctalSpectraOptions {
  /** Of each seizure's begin, in seconds; the same length is taken between seizures. @default 30 */
  readonly secondsPerSeizure?: number | undefined;
  /** Distance of the EEG between seizures from any seizure, in seconds. @default 30 */
  readonly marginSeconds?: number | undefined;
  /** @default 40 */
  readonly highHz?: number | undefined;
  /** Recordings read at a time. @default 4 */
  readonly concurrency?: number | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is known of a recording's seizures. */
interface LabelledRecording {
  readonly id: string;
  readonly status: string;
  readonly durationSeconds: number;
  readonly seizures: readonly Event[];
}

const STEP_HZ = 0.5;
const LOW_HZ = 1;
/** Two segments of Welch's method. */
const LEAST_SECONDS = 3;

type SpectrumPair = Readonly<Record<"ictal" | "interictal", Float64Array>>;

/**
 * Welch spectra (Hann, 2 s, mean over the electrodes of the 10-20 system) of the first seconds of each seizure and of as much EEG of
 * the same recording between seizures, in the middle of its longest free stretch. Reads only these seconds. Recordings with gaps
 * count where the seconds are whole; filters are the recorder's own.
 */
export async function ictalSpectra(
  store: Store,
  catalogue: Catalogue,
  labels: readonly LabelledRecording[],
  options: IctalSpectraOptions = {},
): Promise<IctalSpectra> {
  const { secondsPerSeizure = 30, marginSeconds = 30, highHz = 40, concurrency = 4, progress, signal } = options;
  requireNumber("secondsPerSeizure", secondsPerSeizure, { least: LEAST_SECONDS });
  requireNumber("marginSeconds", marginSeconds, { least: 0 });
  requireNumber("highHz", highHz, { least: LOW_HZ });
  requireCounts({ concurrency });
  const entries = new Map(catalogue.recordings.map((entry) => [entry.id, entry]));
  const wanted = labels.filter(
    ({ id, status, seizures }) => status === "labelled" && seizures.length > 0 && entries.has(id),
  );
  const leftOut: { id: string; reason: string }[] = [];
  const bins = Math.round((highHz - LOW_HZ) / STEP_HZ) + 1;
  let done = 0;
  const found = await mapConcurrent(
    wanted,
    concurrency,
    async (row) => {
      const reader = new PairReader(store, entries.get(row.id)!, { bins, signal }); // filtered above
      const pairs = await reader.read(row, { secondsPerSeizure, marginSeconds });
      leftOut.push(...reader.leftOut.map((reason) => ({ id: row.id, reason })));
      done += 1;
      progress?.update({ label: "spectra", done, total: wanted.length, unit: "recordings" });
      return pairs;
    },
    signal,
  );
  progress?.finish();
  const pairs = found.flat();
  const of = (pick: (pair: SpectrumPair, bin: number) => number) => quartiles(pairs, bins, pick);
  return {
    frequenciesHz: Float64Array.from({ length: bins }, (_, bin) => LOW_HZ + STEP_HZ * bin),
    ictal: of(({ ictal }, bin) => ictal[bin]!),
    interictal: of(({ interictal }, bin) => interictal[bin]!),
    difference: of(({ ictal, interictal }, bin) => ictal[bin]! - interictal[bin]!),
    seizures: pairs.length,
    recordings: found.filter(({ length }) => length > 0).length,
    leftOut: leftOut.sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

function quartiles(
  pairs: readonly SpectrumPair[],
  bins: number,
  pick: (pair: SpectrumPair, bin: number) => number,
): SpectrumQuartiles {
  const at = (share: number) =>
    Float64Array.from({ length: bins }, (_, bin) =>
      quantileOf(
        pairs.map((pair) => pick(pair, bin)),
        share,
      ),
    );
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

/** Reads the spectra of one recording. */
class PairReader {
  readonly leftOut: string[] = [];
  readonly #store: Store;
  readonly #entry: RecordingEntry;
  readonly #bins: number;
  readonly #signal: AbortSignal | undefined;

  constructor(store: Store, entry: RecordingEntry, given: { bins: number; signal: AbortSignal | undefined }) {
    this.#store = store;
    this.#entry = entry;
    this.#bins = given.bins;
    this.#signal = given.signal;
  }

  async read(
    { seizures, durationSeconds }: LabelledRecording,
    { secondsPerSeizure, marginSeconds }: { secondsPerSeizure: number; marginSeconds: number },
  ): Promise<SpectrumPair[]> {
    const free = longestFree(seizures, durationSeconds, marginSeconds);
    const pairs: SpectrumPair[] = [];
    try {
      const header = await readEdfHeader(entrySource(this.#store, this.#entry, this.#signal));
      for (const { startSeconds, endSeconds } of seizures) {
        const seconds = Math.min(secondsPerSeizure, endSeconds - startSeconds, free.endSeconds - free.startSeconds);
        if (seconds < LEAST_SECONDS) {
          this.leftOut.push(`under ${LEAST_SECONDS} s in the seizure at ${startSeconds} s or between seizures`);
          continue;
        }
        const between = (free.startSeconds + free.endSeconds - seconds) / 2;
        const [ictal, interictal] = [
          await this.#spectrum(header, startSeconds, seconds),
          await this.#spectrum(header, between, seconds),
        ];
        if (ictal && interictal) pairs.push({ ictal, interictal });
      }
    } catch (error) {
      if (!isIctalError(error) && !(error instanceof RangeError)) throw error;
      this.leftOut.push(error.message);
    }
    return pairs;
  }

  /** dB of each bin; undefined where the channels are flat or the rate is too low. */
  async #spectrum(header: EdfHeader, startSeconds: number, seconds: number): Promise<Float64Array | undefined> {
    const page = await readEdfPage(entrySource(this.#store, this.#entry, this.#signal), header, {
      ...{ startSeconds, durationSeconds: seconds, electrodes: ELECTRODES_19, signal: this.#signal },
    });
    const { power, frequenciesHz } = meanSpectrum(page.samples, page.channels.length, page.sampleRateHz);
    const step = frequenciesHz[1]!; // two seconds have more than one bin
    const decibels = Float64Array.from(
      { length: this.#bins },
      (_, bin) => 10 * Math.log10(power[Math.round((LOW_HZ + STEP_HZ * bin) / step)] ?? 0),
    );
    if (decibels.every(Number.isFinite)) return decibels;
    this.leftOut.push(`flat signals, or a rate too low, at ${startSeconds} s`);
    return undefined;
  }
}

/** The longest stretch that is `margin` away from all seizures; empty where there is none. */
function longestFree(seizures: readonly Interval[], durationSeconds: number, margin: number): Interval {
  const kept = seizures.map(({ startSeconds, endSeconds }) => ({
    startSeconds: Math.max(0, startSeconds - margin),
    endSeconds: endSeconds + margin,
  }));
  const free = complementIntervals(kept, durationSeconds);
  const length = ({ startSeconds, endSeconds }: Interval) => endSeconds - startSeconds;
  return free.sort((a, b) => length(b) - length(a))[0] ?? { startSeconds: 0, endSeconds: 0 };
}
