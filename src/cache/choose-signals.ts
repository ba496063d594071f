import type { EdfHeader } from "../recording/edf-header.js";
import type { EdfSignal } from "../recording/edf-signals.js";
import type { ChainOptions } from "../signal/chain.js";
import { montageElectrodes, montageOf } from "../signal/montages.js";
import { ExclusionError } from "./exclusion.js";

/** The signals of a recording that go into the chain: one per electrode, of one sample rate. */
export interface ChosenSignals {
  readonly signals: readonly number[];
  readonly electrodes: readonly string[];
  /** Electrodes the montage reads and the recording lacks. */
  readonly missing: readonly string[];
  readonly sampleRateHz: number;
}

function isUsable(signal: EdfSignal): boolean {
  return !signal.isAnnotation && signal.isScaled && signal.samplesPerRecord > 0;
}

/** The first usable signal of each electrode that the montage reads. Throws ExclusionError when there is none or rates differ. */
export function chooseSignals(header: EdfHeader, chain: ChainOptions): ChosenSignals {
  const wanted = montageElectrodes(montageOf(chain.reference));
  const found = wanted.flatMap((electrode) => {
    const signal = header.signals.find((each) => each.electrode === electrode && isUsable(each));
    return signal ? [{ electrode, signal }] : [];
  });
  const missing = wanted.filter((electrode) => !found.some((each) => each.electrode === electrode));
  if (found.length === 0) {
    const labels = header.signals.map(({ label }) => label);
    const shown = labels.slice(0, 4).join(", ") + (labels.length > 4 ? ", …" : "");
    const unusable = header.signals.filter(({ electrode }) => wanted.some((each) => each === electrode));
    if (unusable.length > 0)
      throw new ExclusionError(
        "missing-electrodes",
        `none of its ${unusable.length} electrodes can be used: their physical or digital ranges are flat or unreadable (ictal edf info)`,
      );
    throw new ExclusionError(
      "missing-electrodes",
      `none of the ${wanted.length} electrodes among its ${labels.length} signals (${shown})`,
    );
  }
  const rates = [...new Set(found.map(({ signal }) => signal.sampleRateHz))];
  const [sampleRateHz = Number.NaN] = rates;
  if (rates.length > 1)
    throw new ExclusionError(
      "mixed-sample-rates",
      `its electrodes have sample rates of ${rates.join(", ")} Hz, expected one`,
    );
  if (!(sampleRateHz > 0))
    throw new ExclusionError(
      "unknown-sample-rate",
      `its record duration is ${header.recordDurationSeconds}, so its sample rate is unknown`,
    );
  return {
    signals: found.map(({ signal }) => signal.index),
    electrodes: found.map(({ electrode }) => electrode),
    missing,
    sampleRateHz,
  };
}
