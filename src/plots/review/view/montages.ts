import { TCP_PAIRS } from "../../../base/ten-twenty.js";
import { hemisphereOf } from "../../hemisphere.js";

/** One trace of a page: the channel `plus`, less `minus` or the common average; numbers are rows of the samples. */
export interface Derivation {
  readonly name: string;
  readonly plus: number;
  readonly minus?: number;
  /** Traces of one chain are adjacent. */
  readonly chain: number;
  readonly side: "left" | "right" | "midline" | "heart";
}

/** A montage over the channels that a recording has. */
export interface ViewMontage {
  readonly derivations: readonly Derivation[];
  /** Rows whose mean is subtracted from every trace; empty for none. */
  readonly average: readonly number[];
  /** Traces that lack an electrode. */
  readonly missing: readonly string[];
}

/** All montages in the order of their keys 1 to 5. */
export const MONTAGE_NAMES = ["banana", "tcp", "average", "recorded", "transverse"] as const;

export type MontageName = (typeof MONTAGE_NAMES)[number];

/** Titles of the montages. */
export const MONTAGE_TITLES: Readonly<Record<MontageName, string>> = {
  banana: "double banana",
  tcp: "TCP",
  average: "average",
  recorded: "as recorded",
  transverse: "transverse",
};

const pairsOf = (chains: string): [string, string][][] =>
  chains.split("|").map((chain) => {
    const names = chain.trim().split(" ");
    return names.slice(1).map((name, i) => [names[i] ?? "", name]);
  });

const BANANA = pairsOf("FP1 F7 T3 T5 O1 | FP1 F3 C3 P3 O1 | FZ CZ PZ | FP2 F4 C4 P4 O2 | FP2 F8 T4 T6 O2");
const TRANSVERSE = pairsOf("F7 FP1 FP2 F8 | F7 F3 FZ F4 F8 | A1 T3 C3 CZ C4 T4 A2 | T5 P3 PZ P4 T6 | T5 O1 O2 T6");
const TCP = [
  TCP_PAIRS.slice(0, 4),
  TCP_PAIRS.slice(4, 8),
  TCP_PAIRS.slice(8, 14),
  TCP_PAIRS.slice(14, 18),
  TCP_PAIRS.slice(18),
];
/** Left to right, front to back; electrodes that are not among them follow. */
const ORDER = "FP1 F7 T3 T5 O1 F3 C3 P3 FZ CZ PZ F4 C4 P4 FP2 F8 T4 T6 O2 A1 A2".split(" ");
const SCALP = ORDER.slice(0, 19);

interface Channel {
  readonly name: string;
  readonly kind: "electrode" | "heart" | "other";
}

function single(channels: readonly Channel[], suffix: string): Derivation[] {
  const rank = ({ name }: Channel) => (ORDER.indexOf(name) + ORDER.length + 1) % (ORDER.length + 1);
  const rows = channels.map((channel, row) => ({ channel, row })).filter(({ channel }) => channel.kind !== "heart");
  rows.sort((a, b) => rank(a.channel) - rank(b.channel) || a.row - b.row);
  return rows.map(({ channel, row }) => ({
    name: channel.name + suffix,
    plus: row,
    chain: ["left", "midline", "right"].indexOf(hemisphereOf(channel.name)),
    side: hemisphereOf(channel.name),
  }));
}

function bipolar(
  channels: readonly Channel[],
  chains: readonly (readonly (readonly [string, string])[])[],
): ViewMontage {
  const row = (name: string) => channels.findIndex((channel) => channel.kind === "electrode" && channel.name === name);
  const all = chains.flatMap((pairs, chain) =>
    pairs.map(([a, b]) => ({ name: `${a}-${b}`, plus: row(a), minus: row(b), chain, side: hemisphereOf(`${a}-${b}`) })),
  );
  const isThere = ({ plus, minus }: { plus: number; minus: number }) => plus >= 0 && minus >= 0;
  const missing = all.filter((pair) => !isThere(pair)).map(({ name }) => name);
  return { derivations: all.filter(isThere), average: [], missing };
}

function eegMontage(name: MontageName, channels: readonly Channel[]): ViewMontage {
  if (name === "banana") return bipolar(channels, BANANA);
  if (name === "tcp") return bipolar(channels, TCP);
  if (name === "transverse") return bipolar(channels, TRANSVERSE);
  if (name === "recorded") return { derivations: single(channels, ""), average: [], missing: [] };
  const scalp = channels.filter(({ kind }) => kind === "electrode");
  const average = channels.flatMap((channel, row) =>
    channel.kind === "electrode" && SCALP.includes(channel.name) ? [row] : [],
  );
  const derivations = single(channels, "-AVG").filter(({ plus }) => scalp.includes(channels[plus]!));
  return { derivations: average.length > 0 ? derivations : [], average, missing: [] };
}

/** A montage of these channels; the ECG is last in each. No trace where the montage needs electrodes and there are none. */
export function viewMontage(name: MontageName, channels: readonly Channel[]): ViewMontage {
  const montage = eegMontage(name, channels);
  const last = Math.max(0, ...montage.derivations.map(({ chain }) => chain)) + 1;
  const heart = channels.flatMap((channel, plus) =>
    channel.kind === "heart" ? [{ name: channel.name, plus, chain: last, side: "heart" as const }] : [],
  );
  return { ...montage, derivations: montage.derivations.length > 0 ? [...montage.derivations, ...heart] : [] };
}

/** The montages that show at least one trace of these channels. */
export function usableMontages(channels: readonly Channel[]): MontageName[] {
  return MONTAGE_NAMES.filter((name) => viewMontage(name, channels).derivations.length > 0);
}
