import { TCP_PAIRS } from "../base/ten-twenty.js";
import { EAR_ELECTRODES, ELECTRODES_19, type Electrode, isScalpElectrode } from "./electrodes.js";

/** What channels are measured against: as recorded, the mean of all 19 electrodes, or the TCP chains of 20 or 22 pairs. */
export type Reference = "recorded" | "average" | "tcp20" | "tcp22";

/** The names of all references, for messages and schemas. */
export const REFERENCES: readonly Reference[] = ["recorded", "average", "tcp20", "tcp22"];

/** One channel of a montage: the electrode `plus`, less the electrode `minus` where there is one. */
export interface MontageChannel {
  readonly name: string;
  readonly plus: Electrode;
  readonly minus?: Electrode;
}

/** A linear map from electrodes to channels; `commonAverage` subtracts the mean of the 19 electrodes from each. */
export interface Montage {
  readonly reference: Reference;
  readonly channels: readonly MontageChannel[];
  readonly commonAverage: boolean;
}

const monopolar: readonly MontageChannel[] = ELECTRODES_19.map((name) => ({ name, plus: name }));
const tcp22: readonly MontageChannel[] = TCP_PAIRS.map(([plus, minus]) => ({ name: `${plus}-${minus}`, plus, minus }));
const tcp20 = tcp22.filter(({ plus, minus }) =>
  [plus, minus].every((name) => name === undefined || isScalpElectrode(name)),
);

const MONTAGES: Readonly<Record<Reference, Montage>> = {
  recorded: { reference: "recorded", channels: monopolar, commonAverage: false },
  average: { reference: "average", channels: monopolar, commonAverage: true },
  tcp20: { reference: "tcp20", channels: tcp20, commonAverage: false },
  tcp22: { reference: "tcp22", channels: tcp22, commonAverage: false },
};

/** The montage of a reference: 19 channels for "recorded" and "average", 20 or 22 pairs for the TCP montages. */
export function montageOf(reference: Reference): Montage {
  return MONTAGES[reference];
}

/** The electrodes a montage reads, in the order of ELECTRODES_19 and then A1, A2. */
export function montageElectrodes(montage: Montage): Electrode[] {
  const used = new Set<Electrode>(montage.commonAverage ? ELECTRODES_19 : []);
  for (const { plus, minus } of montage.channels) {
    used.add(plus);
    if (minus) used.add(minus);
  }
  return [...ELECTRODES_19, ...EAR_ELECTRODES].filter((name) => used.has(name));
}
