import { ConfigError } from "@ictal/base/errors";
import { DOUBLE_BANANA_PAIRS, TCP_PAIRS, tenTenName } from "../base/ten-twenty.js";
import { EAR_ELECTRODES, ELECTRODES_19, isScalpElectrode } from "./electrodes.js";

/**
 * What channels are measured against: as recorded, the mean of all 19 electrodes, the TCP chains of 20 or 22 pairs, or the 18
 * pairs of the longitudinal bipolar montage, as in CHB-MIT.
 */
export type Reference = "recorded" | "average" | "tcp20" | "tcp22" | "double_banana";

/** The names of all references, for messages and schemas. */
export const REFERENCES: readonly Reference[] = ["recorded", "average", "tcp20", "tcp22", "double_banana"];

/** One channel of a montage: the electrode (or the signal of that label) `plus`, less the electrode `minus` where there is one. */
export interface MontageChannel {
  readonly name: string;
  readonly plus: string;
  readonly minus?: string;
}

/** A linear map from electrodes to channels; `commonAverage` subtracts the mean of the 19 electrodes from each. */
export interface Montage {
  /** Its name in messages. */
  readonly reference: Reference;
  readonly channels: readonly MontageChannel[];
  readonly commonAverage: boolean;
}

const pairsOf = (pairs: readonly (readonly [string, string])[]): MontageChannel[] =>
  pairs.map(([plus, minus]) => ({ name: `${plus}-${minus}`, plus, minus }));

const monopolar: readonly MontageChannel[] = ELECTRODES_19.map((name) => ({ name, plus: name }));
const tcp22 = pairsOf(TCP_PAIRS);
const tcp20 = tcp22.filter(({ plus, minus }) =>
  [plus, minus].every((name) => name === undefined || isScalpElectrode(name)),
);

const MONTAGES: Readonly<Record<Reference, Montage>> = {
  recorded: { reference: "recorded", channels: monopolar, commonAverage: false },
  average: { reference: "average", channels: monopolar, commonAverage: true },
  tcp20: { reference: "tcp20", channels: tcp20, commonAverage: false },
  tcp22: { reference: "tcp22", channels: tcp22, commonAverage: false },
  double_banana: { reference: "double_banana", channels: pairsOf(DOUBLE_BANANA_PAIRS), commonAverage: false },
};

/**
 * The channel that a text names: an electrode of the 10-10 system ("C3"), a pair of them ("FP1-F7", "T7-P7" is T3-T5), else the
 * signal with that label ("BTEleft SD").
 */
export function channelOf(text: string): MontageChannel {
  const electrode = tenTenName(text);
  if (electrode !== undefined) return { name: electrode, plus: electrode };
  const [plus, minus, ...rest] = text.split("-").map(tenTenName);
  if (plus !== undefined && minus !== undefined && rest.length === 0 && plus !== minus)
    return { name: `${plus}-${minus}`, plus, minus };
  const label = text.trim();
  return { name: label, plus: label };
}

/** A list of channels as `ChainOptions.channels` takes it. */
function refuseList(channels: readonly string[], message: string): never {
  throw new ConfigError(`invalid channels: ${message}`, {
    key: "channels",
    value: channels,
    allowed: "electrodes (C3), pairs of electrodes (FP1-F7) or labels of signals, each once",
  });
}

/** Throws a ConfigError on a list of channels that is empty, names a channel twice, or does not go with the reference. */
export function checkChannels(reference: Reference, channels: readonly string[] | undefined): void {
  if (channels === undefined) return;
  if (channels.length === 0) refuseList(channels, "the list is empty; leave it out for the channels of the reference");
  if (reference !== "recorded" && reference !== "average")
    refuseList(channels, `reference ${reference} has channels of its own; give one of the two`);
  const named = channels.map(channelOf);
  const twice = named.find(({ name }, at) => named.findIndex((other) => other.name === name) !== at);
  if (twice) refuseList(channels, `${twice.name} is listed twice; keep one`);
  const odd =
    reference === "average" ? named.find(({ minus, plus }) => minus !== undefined || !isElectrode(plus)) : undefined;
  if (odd)
    refuseList(channels, `${odd.name} is not one electrode, so it has no common average; set reference to recorded`);
}

const isElectrode = (name: string) => tenTenName(name) === name;

/**
 * The montage of a reference: 19 channels for "recorded" and "average", or those that `channels` names, 18, 20 or 22 pairs for
 * the bipolar montages.
 */
export function montageOf(reference: Reference, channels?: readonly string[]): Montage {
  return channels ? { ...MONTAGES[reference], channels: channels.map(channelOf) } : MONTAGES[reference];
}

/** The electrodes and labels a montage reads: those of the 10-20 system in the order of ELECTRODES_19 and then A1, A2, then others. */
export function montageElectrodes(montage: Montage): string[] {
  const used = new Set<string>(montage.commonAverage ? ELECTRODES_19 : []);
  for (const { plus, minus } of montage.channels) {
    used.add(plus);
    if (minus !== undefined) used.add(minus);
  }
  const usual: readonly string[] = [...ELECTRODES_19, ...EAR_ELECTRODES];
  return [...usual.filter((name) => used.has(name)), ...[...used].filter((name) => !usual.includes(name))];
}

/**
 * The list of channels in Ictal's names ("T7-P7" as "T3-T5"), so that equal lists give equal caches; undefined where it is what
 * the reference has anyway.
 */
export function namedChannels(reference: Reference, channels: readonly string[] | undefined): string[] | undefined {
  if (channels === undefined) return undefined;
  const names = channels.map((text) => channelOf(text).name);
  return names.join() ===
    montageOf(reference)
      .channels.map(({ name }) => name)
      .join()
    ? undefined
    : names;
}
