import { UnsupportedError } from "@ictal/base/errors";
import {
  canonicalElectrode,
  ELECTRODES_19,
  type Electrode,
  isScalpElectrode,
  type ScalpElectrode,
} from "./electrodes.js";
import { interpolationWeights } from "./interpolation.js";
import { type Montage, montageElectrodes } from "./montages.js";

/** A weighted sum of input electrodes: `inputs[k]` is the position of an input, `weights[k]` its factor. */
export interface MixRow {
  readonly inputs: Int32Array;
  readonly weights: Float64Array;
}

/** How output channels are made of input electrodes: one row per channel, less the row `common` where there is one. */
export interface Mix {
  readonly channelNames: readonly string[];
  /** True where an interpolated electrode takes part in the channel (for an average: where it is the channel). */
  readonly filled: readonly boolean[];
  readonly rows: readonly MixRow[];
  readonly common?: MixRow;
}

/** Fewest of the 19 electrodes from which the rest is interpolated. */
export const LEAST_PRESENT_ELECTRODES = 15;

/** Position of each electrode among the inputs; throws UnsupportedError on an unknown or repeated name. */
function locateElectrodes(names: readonly string[]): Map<Electrode, number> {
  const places = new Map<Electrode, number>();
  names.forEach((name, index) => {
    const electrode = canonicalElectrode(name);
    if (!electrode) {
      throw new UnsupportedError(
        `unknown electrode "${name}" at input ${index}: expected one of ${ELECTRODES_19.join(" ")} A1 A2 (or T7 T8 P7 P8); leave other signals out`,
      );
    }
    if (places.has(electrode)) {
      throw new UnsupportedError(
        `electrode ${electrode} is given twice (inputs ${places.get(electrode)} and ${index}): keep one`,
      );
    }
    places.set(electrode, index);
  });
  return places;
}

/** The scalp electrodes to fill in for a montage; throws UnsupportedError where the rule forbids it. */
function electrodesToFill(
  montage: Montage,
  places: ReadonlyMap<Electrode, number>,
  missing: "interpolate" | "reject",
): ScalpElectrode[] {
  const absent = montageElectrodes(montage).filter((name) => !places.has(name));
  const ears = absent.filter((name) => !isScalpElectrode(name));
  if (ears.length > 0) {
    throw new UnsupportedError(
      `montage ${montage.reference} needs ${ears.join(" ")}, which the recording lacks and splines cannot supply: use tcp20`,
    );
  }
  if (absent.length === 0) return [];
  const listed = absent.join(" ");
  if (missing === "reject") {
    throw new UnsupportedError(
      `missing electrodes ${listed}: set missing to "interpolate", or leave the recording out`,
    );
  }
  const present = ELECTRODES_19.filter((name) => places.has(name)).length;
  if (present < LEAST_PRESENT_ELECTRODES) {
    throw new UnsupportedError(
      `missing electrodes ${listed}: ${present} of ${ELECTRODES_19.length} are present, interpolation needs at least ${LEAST_PRESENT_ELECTRODES}; leave the recording out`,
    );
  }
  return absent as ScalpElectrode[];
}

/** A row from electrode factors, expanding filled electrodes into their weights; zero factors vanish. */
function expandRow(
  terms: readonly (readonly [Electrode, number])[],
  places: ReadonlyMap<Electrode, number>,
  fills: ReadonlyMap<Electrode, readonly (readonly [number, number])[]>,
): MixRow {
  const sums = new Map<number, number>();
  for (const [electrode, factor] of terms) {
    const parts = fills.get(electrode) ?? [[places.get(electrode)!, 1] as const];
    for (const [input, weight] of parts) sums.set(input, (sums.get(input) ?? 0) + factor * weight);
  }
  const entries = [...sums].filter(([, weight]) => weight !== 0).sort(([a], [b]) => a - b);
  return {
    inputs: Int32Array.from(entries, ([input]) => input),
    weights: Float64Array.from(entries, ([, weight]) => weight),
  };
}

/**
 * Plan how a montage's channels are made of the inputs named `electrodes` (any order, 10-10 names accepted), filling
 * missing scalp electrodes by spherical splines. Throws UnsupportedError on unknown, repeated or too many missing names.
 */
export function planMix(
  montage: Montage,
  electrodes: readonly string[],
  missing: "interpolate" | "reject" = "interpolate",
): Mix {
  const places = locateElectrodes(electrodes);
  const filled = electrodesToFill(montage, places, missing);
  const present = ELECTRODES_19.filter((name) => places.has(name));
  const weights = filled.length > 0 ? interpolationWeights(present, filled) : [];
  const fills = new Map(
    filled.map(
      (name, row) => [name, present.map((from, k) => [places.get(from)!, weights[row]![k]!] as const)] as const,
    ),
  );
  const everyElectrode = ELECTRODES_19.map((name) => [name, 1 / ELECTRODES_19.length] as const);
  return {
    channelNames: montage.channels.map(({ name }) => name),
    filled: montage.channels.map(
      ({ plus, minus }) => fills.has(plus as ScalpElectrode) || fills.has(minus as ScalpElectrode),
    ),
    rows: montage.channels.map(({ plus, minus }) =>
      expandRow(
        minus
          ? [
              [plus, 1],
              [minus, -1],
            ]
          : [[plus, 1]],
        places,
        fills,
      ),
    ),
    common: montage.commonAverage ? expandRow(everyElectrode, places, fills) : undefined,
  };
}

/**
 * Weighted sum of samples `start` to `end` of the inputs (microvolts) into `out` at `at`, `at + stride`, …, in float64,
 * less `offset`. What lies there is overwritten; a row without inputs gives `-offset`.
 */
export function mixInto(
  out: Float64Array,
  at: number,
  stride: number,
  inputs: readonly Float32Array[],
  start: number,
  end: number,
  row: MixRow,
  offset = 0,
): void {
  if (row.inputs.length === 0) {
    for (let i = start, o = at; i < end; i++, o += stride) out[o] = -offset;
  }
  for (let k = 0; k < row.inputs.length; k++) {
    const x = inputs[row.inputs[k]!]!;
    const weight = row.weights[k]!;
    if (k === 0) for (let i = start, o = at; i < end; i++, o += stride) out[o] = weight * x[i]! - offset;
    else for (let i = start, o = at; i < end; i++, o += stride) out[o]! += weight * x[i]!;
  }
}
