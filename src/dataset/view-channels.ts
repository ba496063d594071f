import type { EdfHeader } from "../recording/edf-header.js";
import type { EdfSignal } from "../recording/edf-signals.js";

/** One row of samples on a page. */
export interface ViewChannel {
  /** The electrode, `EKG1` or such, or the label of the signal. */
  readonly name: string;
  /** "other": a voltage that is no single electrode, such as a bipolar derivation of the recorder. */
  readonly kind: "electrode" | "heart" | "other";
}

/** Signals of a file that belong on a page. */
export interface ChosenView {
  readonly chosen: readonly EdfSignal[];
  /** One for each of `chosen`. */
  readonly channels: readonly ViewChannel[];
  readonly excluded: readonly string[];
}

const HEART = /\bE[CK]G *\d*/i;
const VOLTAGE = /^(?:[uµμnm]?V|microvolt)/i;

function usualRate(signals: readonly EdfSignal[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { sampleRateHz } of signals) counts.set(sampleRateHz, (counts.get(sampleRateHz) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function firstOf<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map([...items].reverse().map((item) => [key(item), item])).values()].reverse();
}

/**
 * Electrodes (the first of each name) and the ECG, of the rate that most electrodes have; in a file without electrodes, or with
 * more pairs of them, all voltages of their usual rate.
 */
export function chooseViewSignals({ signals }: EdfHeader): ChosenView {
  const usable = signals.filter(
    ({ isAnnotation, isScaled, samplesPerRecord, sampleRateHz }) =>
      !isAnnotation && isScaled && samplesPerRecord > 0 && sampleRateHz > 0,
  );
  const named = usable.flatMap((signal) =>
    signal.electrode === undefined ? [] : [{ signal, name: signal.electrode }],
  );
  const electrodes = firstOf(named, ({ name }) => name).map(({ signal }) => signal);
  const isHeart = ({ label, electrode }: EdfSignal) => electrode === undefined && HEART.test(label);
  const voltages = usable.filter((signal) => VOLTAGE.test(signal.unit.trim()) && !isHeart(signal));
  const pairs = usable.filter(({ pair }) => pair !== undefined);
  const main = electrodes.length > 0 && electrodes.length >= pairs.length ? electrodes : voltages;
  const rate = usualRate(main);
  const atRate = ({ sampleRateHz }: EdfSignal) => sampleRateHz === rate;
  const chosen = [...main.filter(atRate), ...usable.filter(isHeart).filter(atRate)];
  const excluded = usable
    .filter((signal) => !chosen.includes(signal))
    .map(({ label, sampleRateHz }) => (sampleRateHz === rate ? label : `${label} (${sampleRateHz} Hz)`));
  const kindOf = (signal: EdfSignal) => (isHeart(signal) ? "heart" : signal.electrode ? "electrode" : "other");
  const nameOf = (signal: EdfSignal) =>
    signal.electrode ?? (isHeart(signal) ? HEART.exec(signal.label)?.[0] : undefined) ?? signal.label;
  const channels = chosen.map((signal) => ({ name: nameOf(signal), kind: kindOf(signal) }) as const);
  return { chosen, channels, excluded };
}
