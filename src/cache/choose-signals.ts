import { isIctalError, UnsupportedError } from "@ictal/base/errors";
import type { EdfHeader } from "../recording/edf-header.js";
import type { EdfSignal } from "../recording/edf-signals.js";
import type { ChainOptions } from "../signal/chain.js";
import { deriveChannels } from "../signal/derivation.js";
import { type Montage, montageElectrodes, montageOf } from "../signal/montages.js";
import { ExclusionError } from "./exclusion.js";

/** The signals of a recording that go into the chain: electrodes, pairs or labels, each once, of one sample rate. */
export interface ChosenSignals {
  readonly signals: readonly number[];
  /** What each is, as `createChain` takes it: "C3", "FP1-F7", "BTEleft SD". */
  readonly electrodes: readonly string[];
  /** Electrodes the montage reads and the recording lacks. */
  readonly missing: readonly string[];
  readonly sampleRateHz: number;
}

interface Found {
  readonly name: string;
  readonly signal: EdfSignal;
}

function isUsable(signal: EdfSignal): boolean {
  return !signal.isAnnotation && signal.isScaled && signal.samplesPerRecord > 0;
}

const plainLabel = (label: string) =>
  label
    .trim()
    .replace(/^EEG[ _-]+/i, "")
    .toLowerCase();

/** True where a signal is the electrode, or has the label, that a montage names. */
function isNamed({ electrode, label }: EdfSignal, name: string): boolean {
  return electrode === name || (electrode === undefined && plainLabel(label) === plainLabel(name));
}

/** The usable pairs, the first of each: CHB-MIT has T8-P8 twice. */
function pairsIn({ signals }: EdfHeader): Found[] {
  const first = new Map<string, Found>();
  for (const signal of signals)
    if (signal.pair !== undefined && isUsable(signal) && !first.has(signal.pair))
      first.set(signal.pair, { name: signal.pair, signal });
  return [...first.values()];
}

/** Of electrodes and pairs those that determine the channels; undefined where they do not. */
function derivedFrom(montage: Montage, inputs: readonly Found[]): Found[] | undefined {
  try {
    const names = inputs.map(({ name }) => name);
    const { channels, common = [] } = deriveChannels(montage, names);
    const used = new Set([...channels.flat(), ...common].map(([input]) => input));
    return inputs.filter((_, input) => used.has(input));
  } catch (error) {
    if (isIctalError(error, "UnsupportedError")) return undefined;
    throw error;
  }
}

const shownSome = (labels: readonly string[]) => labels.slice(0, 4).join(", ") + (labels.length > 4 ? ", …" : "");

/** Why a file of pairs gives none of the channels, and which reference would. */
function refusePairs(
  { montage, isList }: { readonly montage: Montage; readonly isList: boolean },
  electrodes: readonly Found[],
  pairs: readonly Found[],
): never {
  const names = pairs.map(({ name }) => name);
  const others = (["double_banana", "tcp20"] as const).filter(
    (reference) =>
      !isList && reference !== montage.reference && derivedFrom(montageOf(reference), [...electrodes, ...pairs]),
  );
  const [other] = others;
  const advice = other
    ? `set preprocessing.reference to ${other}`
    : "list the pairs that all recordings have in data.channels";
  let reason = "";
  try {
    deriveChannels(
      montage,
      [...electrodes, ...pairs].map(({ name }) => name),
    );
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    reason = error.message;
  }
  throw new ExclusionError(
    "missing-electrodes",
    `its signals are pairs of electrodes (${shownSome(names)}); ${reason}; ${advice}`,
  );
}

function refuseNone(header: EdfHeader, wanted: readonly string[]): never {
  const labels = header.signals.map(({ label }) => label);
  const unusable = header.signals.filter((signal) => wanted.some((name) => isNamed(signal, name)));
  if (unusable.length > 0)
    throw new ExclusionError(
      "missing-electrodes",
      `none of its ${unusable.length} electrodes can be used: their physical or digital ranges are flat or unreadable (ictal edf info)`,
    );
  throw new ExclusionError(
    "missing-electrodes",
    `none of the ${wanted.length} electrodes among its ${labels.length} signals (${shownSome(labels)})`,
  );
}

function rateOf(header: EdfHeader, found: readonly Found[]): number {
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
  return sampleRateHz;
}

/**
 * The first usable signal of each electrode that the montage reads; in a file of pairs the pairs that give the channels, directly
 * or as a sum. Throws ExclusionError when there is none, when pairs do not determine the channels, or when rates differ.
 */
export function chooseSignals(header: EdfHeader, chain: ChainOptions): ChosenSignals {
  const montage = montageOf(chain.reference, chain.channels);
  const wanted = montageElectrodes(montage);
  const electrodes = wanted.flatMap((name): Found[] => {
    const signal = header.signals.find((each) => isNamed(each, name) && isUsable(each));
    return signal ? [{ name, signal }] : [];
  });
  const missing = wanted.filter((name) => !electrodes.some((each) => each.name === name));
  const pairs = missing.length > 0 ? pairsIn(header) : [];
  const derived = pairs.length > 0 ? derivedFrom(montage, [...electrodes, ...pairs]) : undefined;
  if (!derived && pairs.length > electrodes.length)
    refusePairs({ montage, isList: chain.channels !== undefined }, electrodes, pairs);
  if (!derived && electrodes.length === 0) refuseNone(header, wanted);
  const found = derived ?? electrodes;
  return {
    signals: found.map(({ signal }) => signal.index),
    electrodes: found.map(({ name }) => name),
    missing: derived ? [] : missing,
    sampleRateHz: rateOf(header, found),
  };
}
