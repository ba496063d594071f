// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
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
export interface ProjectionRow {
  readonly inputs: Int32Array;
  readonly weights: Float64Array;
}

/** How output channels are derived from input electrodes: one row per channel, minus the row `common` where there is one. */
export interface MontageProjection {
  readonly channelNames: readonly string[];
  /** True where an interpolated electrode takes part in the channel (for an average: where it is the channel). */
  readonly filled: readonly boolean[];
  readonly rows: readonly ProjectionRow[];
  readonly common?: ProjectionRow | undefined;
}

/** Fewest of the 19 electrodes from which the rest is interpolated. */
export const MIN_PRESENT_ELECTRODES = 15;

/** Position of each electrode among the inputs; throws UnsupportedError on an unknown or repeated name. */
function locateElectrodes(names: readonly string[]): Map<Electrode, number> {
  const positions = new Map<Electrode, number>();
  names.forEach((name, index) => {
    const electrode = canonicalElectrode(name);
    if (!electrode) {
      throw new UnsupportedError(
        `unknown electrode "${name}" at input ${index}: expected one of ${ELECTRODES_19.join(" ")} A1 A2 (or T7 T8 P7 P8); pass no other signals`,
      );
    }
    if (positions.has(electrode)) {
      throw new UnsupportedError(
        `electrode ${electrode} is given twice (inputs ${positions.get(electrode)} and ${index}): keep one`,
      );
    }
    positions.set(electrode, index);
  });
  return positions;
}

/** The scalp electrodes to interpolate for a montage; throws UnsupportedError where that is not allowed. */
function electrodesToInterpolate(
  montage: Montage,
  positions: ReadonlyMap<Electrode, number>,
  missing: "interpolate" | "reject",
): ScalpElectrode[] {
  const needed = montageElectrodes(montage).filter((name) => !positions.has(name));
  const absent = needed.filter(isScalpElectrode);
  const ears = needed.filter((name) => !isScalpElectrode(name));
  if (ears.length > 0) {
    throw new UnsupportedError(
      `montage ${montage.reference} needs ${ears.join(" ")}, which the recording lacks and splines cannot supply: use tcp20`,
    );
  }
  if (absent.length === 0) return [];
  const listed = absent.join(" ");
  if (missing === "reject") {
    throw new UnsupportedError(`missing electrodes ${listed}: set missing to "interpolate", or exclude the recording`);
  }
  const present = ELECTRODES_19.filter((name) => positions.has(name)).length;
  if (present < MIN_PRESENT_ELECTRODES) {
    throw new UnsupportedError(
      `missing electrodes ${listed}: ${present} of ${ELECTRODES_19.length} are present, interpolation needs at least ${MIN_PRESENT_ELECTRODES}; exclude the recording`,
    );
  }
  return absent;
}

/** An input and its factor in a sum. */
type Term = readonly [input: number, weight: number];

/** The inputs that give each electrode: itself where it was recorded, all recorded ones by splines where it is interpolated. */
type ElectrodeTerms = ReadonlyMap<Electrode, readonly Term[]>;

/** The row of a sum of electrodes times their factors; inputs whose weights cancel are dropped. */
function rowOf(factors: readonly (readonly [Electrode, number])[], terms: ElectrodeTerms): ProjectionRow {
  const sums = new Map<number, number>();
  for (const [electrode, factor] of factors)
    for (const [input, weight] of terms.get(electrode) ?? []) sums.set(input, (sums.get(input) ?? 0) + factor * weight);
  const entries = [...sums].filter(([, weight]) => weight !== 0).sort(([a], [b]) => a - b);
  return {
    inputs: Int32Array.from(entries, ([input]) => input),
    weights: Float64Array.from(entries, ([, weight]) => weight),
  };
}

/**
 * How a montage's channels are derived from the inputs named `electrodes` (any order, 10-10 names accepted), missing scalp
 * electrodes being interpolated by spherical splines. Throws UnsupportedError on unknown, repeated or too many missing names.
 */
export function createProjection(
  montage: Montage,
  electrodes: readonly string[],
  missing: "interpolate" | "reject" = "interpolate",
): MontageProjection {
  const positions = locateElectrodes(electrodes);
  const interpolated = electrodesToInterpolate(montage, positions, missing);
  const present = ELECTRODES_19.flatMap((name) => {
    const input = positions.get(name);
    return input === undefined ? [] : [{ name, input }];
  });
  const terms = new Map<Electrode, readonly Term[]>([...positions].map(([name, input]) => [name, [[input, 1]]]));
  if (interpolated.length > 0) {
    const names = present.map(({ name }) => name);
    const weights = interpolationWeights(names, interpolated); // [missing, present]
    for (const [row, name] of interpolated.entries())
      terms.set(
        name,
        present.map(({ input }, k) => [input, weights[row]?.[k] ?? Number.NaN]),
      );
  }
  const marks = new Set<Electrode | undefined>(interpolated);
  return {
    channelNames: montage.channels.map(({ name }) => name),
    filled: montage.channels.map(({ plus, minus }) => marks.has(plus) || marks.has(minus)),
    rows: montage.channels.map(({ plus, minus }) =>
      rowOf(
        minus
          ? [
              [plus, 1],
              [minus, -1],
            ]
          : [[plus, 1]],
        terms,
      ),
    ),
    common: montage.commonAverage
      ? rowOf(
          ELECTRODES_19.map((name) => [name, 1 / ELECTRODES_19.length]),
          terms,
        )
      : undefined,
  };
}

/**
 * Weighted sum of samples `start` to `end` of the inputs (microvolts) into `out` at `at`, `at + stride`, …, in float64,
 * less `offset`. What lies there is overwritten; a row without inputs gives `-offset`.
 */
export function projectInto(
  out: Float64Array,
  at: number,
  stride: number,
  inputs: readonly Float32Array[],
  start: number,
  end: number,
  row: ProjectionRow,
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
