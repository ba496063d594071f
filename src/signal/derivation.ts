/**
 * Potential differences from other potential differences. Electrodes and the recorder's reference are points, each signal is the
 * difference of two: a recorded pair of two electrodes, a referential signal of an electrode and the reference. A difference is
 * known where signals lead from one point to the other, as the signed sum along the way.
 */
import { UnsupportedError } from "@ictal/base/errors";
import { ELECTRODES_19 } from "./electrodes.js";
import { channelOf, type Montage, type MontageChannel } from "./montages.js";

/** An input and its factor in a sum. */
export type Term = readonly [input: number, weight: number];

/** The recorder's own reference; no electrode has that name. */
const RECORDER = "";

interface Edge extends Record<"to", string> {
  readonly input: number;
  readonly weight: number;
}

/** Signals by the points that they lead from, in the order of the inputs. */
class Differences {
  readonly #edges = new Map<string, Edge[]>();

  constructor(inputs: readonly string[]) {
    for (const [input, text] of inputs.entries()) {
      const { plus, minus = RECORDER } = channelOf(text);
      this.#add(plus, { to: minus, input, weight: 1 });
      this.#add(minus, { to: plus, input, weight: -1 });
    }
  }

  has(point: string): boolean {
    return this.#edges.has(point);
  }

  /** Terms of `from` less `to` by the fewest signals; undefined where none lead there. */
  between(from: string, to: string): readonly Term[] | undefined {
    const known = new Map<string, readonly Term[]>([[from, []]]);
    for (const [point, terms] of known) {
      if (point === to) return terms;
      for (const { to: next, input, weight } of this.#edges.get(point) ?? [])
        if (!known.has(next)) known.set(next, [...terms, [input, weight]]);
    }
    return undefined;
  }

  #add(point: string, edge: Edge): void {
    const own = this.#edges.get(point);
    if (own) own.push(edge);
    else this.#edges.set(point, [edge]);
  }
}

/** Terms of each channel, and of the common average where the montage has one. */
export interface Derivation {
  readonly channels: readonly (readonly Term[])[];
  readonly common?: readonly Term[];
}

const reasonFor = ({ name, minus }: MontageChannel, montage: Montage): string => {
  if (minus !== undefined)
    return `the pair ${name} is not recorded, and no chain of recorded pairs joins its electrodes`;
  if (montage.commonAverage)
    return `no chain of recorded pairs joins ${name} to the other electrodes, so their average is not known`;
  return `${name} cannot be derived from pairs of electrodes, which do not say what each is against the reference`;
};

/**
 * Derive the channels of a montage from referential signals ("FP1"), pairs ("FP1-F7") and labels. UnsupportedError names the
 * channels that the inputs do not determine and says why.
 */
export function deriveChannels(montage: Montage, inputs: readonly string[]): Derivation {
  const differences = new Differences(inputs);
  const [anchor = RECORDER] = ELECTRODES_19.filter((name) => differences.has(name));
  const origin = montage.commonAverage ? anchor : RECORDER; // an average does not depend on where the potential is zero
  const failed: MontageChannel[] = [];
  const channels = montage.channels.map((channel) => {
    const terms = differences.between(channel.plus, channel.minus ?? origin);
    if (!terms) failed.push(channel);
    return terms ?? [];
  });
  const whole = montage.commonAverage ? ELECTRODES_19.map((name) => differences.between(name, origin)) : [];
  for (const [at, name] of montage.commonAverage ? ELECTRODES_19.entries() : [])
    if (!whole[at] && !failed.some((channel) => channel.name === name)) failed.push({ name, plus: name });
  const [first] = failed;
  if (first) {
    const names = failed.map(({ name }) => name);
    const shown = names.slice(0, 6).join(", ") + (names.length > 6 ? `, … (${names.length})` : "");
    throw new UnsupportedError(`missing channels ${shown}: ${reasonFor(first, montage)}`);
  }
  if (!montage.commonAverage) return { channels };
  const share = 1 / ELECTRODES_19.length;
  const common = whole.flatMap((terms) => (terms ?? []).map(([input, weight]): Term => [input, weight * share]));
  return { channels, common };
}
