// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { UnsupportedError } from "@ictal/base/errors";
import { deriveChannels, type Term } from "./derivation.js";
import { EAR_ELECTRODES, ELECTRODES_19, isScalpElectrode, type ScalpElectrode } from "./electrodes.js";
import { interpolationWeights } from "./interpolation.js";
import { channelOf, type Montage, type MontageChannel, montageElectrodes } from "./montages.js";

/** A weighted sum of input electrodes: `inputs[k]` is the position of an input, `weights[k]` its factor. */
export interface ProjectionRow {
  readonly inputs: Int32Array;
  readonly weights: Float64Array;
}

/** How output channels are derived from the inputs: one row per channel, minus the row `common` where there is one. */
export interface MontageProjection {
  readonly channelNames: readonly string[];
  /** True where an interpolated electrode takes part in the channel (for an average: where it is the channel). */
  readonly filled: readonly boolean[];
  readonly rows: readonly ProjectionRow[];
  readonly common?: ProjectionRow | undefined;
}

/** Fewest of the 19 electrodes from which the rest is interpolated. */
export const MIN_PRESENT_ELECTRODES = 15;

/** What each input is; throws UnsupportedError on a repeated one, and on a label that the montage does not ask for. */
function nameInputs(names: readonly string[], montage: Montage): MontageChannel[] {
  const known = new Set<string>([...ELECTRODES_19, ...EAR_ELECTRODES, ...montageElectrodes(montage)]);
  const first = new Map<string, number>();
  return names.map((text, index) => {
    const channel = channelOf(text);
    const { name, plus, minus } = channel;
    if (minus === undefined && !known.has(plus))
      throw new UnsupportedError(
        `unknown electrode "${text}" at input ${index}: expected one of ${ELECTRODES_19.join(" ")} A1 A2 (or T7 T8 P7 P8); pass no other signals`,
      );
    const before = first.get(name);
    if (before !== undefined) {
      const what = minus === undefined ? "electrode" : "pair";
      throw new UnsupportedError(`${what} ${name} is given twice (inputs ${before} and ${index}): keep one`);
    }
    first.set(name, index);
    return channel;
  });
}

/** The scalp electrodes to interpolate for a montage; throws UnsupportedError where that is not allowed. */
function electrodesToInterpolate(
  montage: Montage,
  positions: ReadonlyMap<string, number>,
  missing: "interpolate" | "reject",
): ScalpElectrode[] {
  const needed = montageElectrodes(montage).filter((name) => !positions.has(name));
  const absent = needed.filter(isScalpElectrode);
  const others = needed.filter((name) => !isScalpElectrode(name));
  if (others.length > 0) {
    const advice = montage.reference === "tcp22" ? "use tcp20" : "take them out of data.channels";
    throw new UnsupportedError(
      `montage ${montage.reference} needs ${others.join(" ")}, which the recording lacks and splines cannot supply: ${advice}`,
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

/** The inputs that give each electrode: itself where it was recorded, all recorded ones by splines where it is interpolated. */
type ElectrodeTerms = ReadonlyMap<string, readonly Term[]>;

/** The row of a sum of inputs; those whose weights cancel are dropped. */
function rowOf(terms: Iterable<Term>): ProjectionRow {
  const sums = new Map<number, number>();
  for (const [input, weight] of terms) sums.set(input, (sums.get(input) ?? 0) + weight);
  const entries = [...sums].filter(([, weight]) => weight !== 0).sort(([a], [b]) => a - b);
  return {
    inputs: Int32Array.from(entries, ([input]) => input),
    weights: Float64Array.from(entries, ([, weight]) => weight),
  };
}

/** Terms of an electrode times a factor. */
function* scaled(terms: ElectrodeTerms, electrode: string, factor: number): Generator<Term> {
  for (const [input, weight] of terms.get(electrode) ?? []) yield [input, factor * weight];
}

/** From pairs, or from pairs and electrodes: nothing is interpolated. */
function derivedProjection(montage: Montage, inputs: readonly string[]): MontageProjection {
  const { channels, common } = deriveChannels(montage, inputs);
  return {
    channelNames: montage.channels.map(({ name }) => name),
    filled: channels.map(() => false),
    rows: channels.map(rowOf),
    common: common && rowOf(common),
  };
}

/**
 * How a montage's channels are derived from the inputs named `electrodes`: electrodes in any order, 10-10 names accepted, missing
 * scalp electrodes being interpolated by spherical splines; or pairs of electrodes ("FP1-F7"), of which one that is not recorded
 * is the sum of others that lead from one electrode to the other. Throws UnsupportedError on unknown, repeated or too many
 * missing names, and on channels that the pairs do not determine.
 */
export function createProjection(
  montage: Montage,
  electrodes: readonly string[],
  missing: "interpolate" | "reject" = "interpolate",
): MontageProjection {
  const named = nameInputs(electrodes, montage);
  if (named.some(({ minus }) => minus !== undefined))
    return derivedProjection(
      montage,
      named.map(({ name }) => name),
    );
  const positions = new Map(named.map(({ name }, index) => [name, index]));
  const interpolated = electrodesToInterpolate(montage, positions, missing);
  const present = ELECTRODES_19.flatMap((name) => {
    const input = positions.get(name);
    return input === undefined ? [] : [{ name, input }];
  });
  const terms = new Map<string, readonly Term[]>([...positions].map(([name, input]) => [name, [[input, 1]]]));
  if (interpolated.length > 0) {
    const names = present.map(({ name }) => name);
    const weights = interpolationWeights(names, interpolated); // [missing, present]
    for (const [row, name] of interpolated.entries())
      terms.set(
        name,
        present.map(({ input }, k) => [input, weights[row]?.[k] ?? Number.NaN]),
      );
  }
  const marks = new Set<string | undefined>(interpolated);
  const share = 1 / ELECTRODES_19.length;
  return {
    channelNames: montage.channels.map(({ name }) => name),
    filled: montage.channels.map(({ plus, minus }) => marks.has(plus) || marks.has(minus)),
    rows: montage.channels.map(({ plus, minus }) =>
      rowOf(minus === undefined ? scaled(terms, plus, 1) : [...scaled(terms, plus, 1), ...scaled(terms, minus, -1)]),
    ),
    common: montage.commonAverage ? rowOf(ELECTRODES_19.flatMap((name) => [...scaled(terms, name, share)])) : undefined,
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
