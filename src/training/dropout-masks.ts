import { elementAt, memberOf } from "../base/lookup.js";
import { createRandom } from "../base/random.js";
import type { Detector, DropoutSpec } from "../model/detector.js";
import { type Feed, sizeOf, type TensorSpec } from "../tensor/program.js";
import { type Tensor, tf } from "../tensor/tf.js";

/**
 * Masks are functions of (seed, step, site), never of what ran before, so that a resumed run draws the same ones.
 *
 * A "channel" mask is drawn on the host. An "element" mask would be tens of megabytes a step, so it is mixed in the
 * graph from two draws per row and two per column: u = frac(r0 + c0 + 4096 r1 c1). Any two values are independent; the
 * product term breaks the dependence of four values in a rectangle.
 */
export interface DropoutSite {
  readonly spec: DropoutSpec;
  readonly shape: readonly number[];
}

const MIX = 4096;

/** The dropout sites of a detector for one batch shape. */
export function dropoutSites(detector: Detector, batchSize: number, sampleCount: number): DropoutSite[] {
  return detector.dropouts.map((spec) => ({ spec, shape: spec.shape(batchSize, sampleCount) }));
}

const rowsOf = ({ spec }: DropoutSite) => `dropout/${spec.name}/rows`;
const columnsOf = ({ spec }: DropoutSite) => `dropout/${spec.name}/columns`;
const maskOf = ({ spec }: DropoutSite) => `dropout/${spec.name}`;

function rowCount(shape: readonly number[]): number {
  return sizeOf(shape.slice(0, -1));
}

/** Inputs that the masks need. */
export function dropoutInputs(sites: readonly DropoutSite[]): Record<string, TensorSpec> {
  const inputs: Record<string, TensorSpec> = {};
  for (const site of sites) {
    if (site.spec.kind === "channel") inputs[maskOf(site)] = { shape: site.shape, dtype: "float32" };
    else {
      inputs[rowsOf(site)] = { shape: [2, rowCount(site.shape), 1], dtype: "float32" };
      inputs[columnsOf(site)] = { shape: [2, 1, elementAt(site.shape, -1)], dtype: "float32" };
    }
  }
  return inputs;
}

function draw(seed: number, name: string, step: number, size: number): Float32Array {
  const random = createRandom(seed, name);
  const out = new Float32Array(size);
  for (let i = 0; i < size; i++) out[i] = Math.min(random.uniform(step * size + i), 0.99999994); // below 1 in float32 too
  return out;
}

/** Values for those inputs at one step. */
export function dropoutFeeds(sites: readonly DropoutSite[], seed: number, step: number): Record<string, Feed> {
  const feeds: Record<string, Feed> = {};
  for (const site of sites) {
    const { kind, rate } = site.spec;
    if (kind === "channel") {
      const mask = draw(seed, maskOf(site), step, sizeOf(site.shape));
      feeds[maskOf(site)] = mask.map((uniform) => (uniform >= rate ? 1 / (1 - rate) : 0));
    } else {
      feeds[rowsOf(site)] = draw(seed, rowsOf(site), step, 2 * rowCount(site.shape));
      feeds[columnsOf(site)] = draw(seed, columnsOf(site), step, 2 * elementAt(site.shape, -1));
    }
  }
  return feeds;
}

function elementMask(site: DropoutSite, rows: Tensor, columns: Tensor): Tensor {
  const { rate } = site.spec;
  const [r0, r1] = tf.unstack(rows) as [Tensor, Tensor]; // [R, 1]
  const [c0, c1] = tf.unstack(columns) as [Tensor, Tensor]; // [1, D]
  const mixed = tf.add(tf.add(r0, c0), tf.mul(tf.mul(r1, MIX), c1));
  const uniform = tf.sub(mixed, tf.floor(mixed));
  const kept = tf.cast(tf.greaterEqual(uniform, rate), "float32");
  return tf.reshape(tf.mul(kept, 1 / (1 - rate)), [...site.shape]);
}

/** Masks by site name, each already divided by the kept share, from the program's inputs. */
export function dropoutMasks(
  sites: readonly DropoutSite[],
  inputs: Readonly<Record<string, Tensor>>,
): Map<string, Tensor> {
  return new Map(
    sites.map((site) => [
      site.spec.name,
      site.spec.kind === "channel"
        ? memberOf(inputs, maskOf(site))
        : elementMask(site, memberOf(inputs, rowsOf(site)), memberOf(inputs, columnsOf(site))),
    ]),
  );
}
