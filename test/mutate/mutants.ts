/** The stated set of mutants: test/mutate/set.json. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { createRandom } from "../../src/base/random.js";
import { applyChange, type Change, changesIn } from "./mutators.js";

/** A change that is found again by the line it stands in, wherever that line has moved. */
export interface Mutant {
  /** The compiled module below dist/src, such as `cache/reuse.js`. */
  readonly file: string;
  readonly kind: string;
  /** The line before the change, without the space around it. */
  readonly line: string;
  /** Which of the equal lines of the module, from 0. */
  readonly occurrence: number;
  /** Where in the trimmed line the change starts and ends. */
  readonly from: number;
  readonly to: number;
  readonly replacement: string;
  /** Why no test can notice it: it changes nothing that anybody sees. Such a mutant is not counted. */
  readonly equal?: string;
  /** What an audit called it. */
  readonly name?: string;
}

/** The layer of a mutant's module, such as `cache`. */
export const layerOf = ({ file }: Mutant): string => file.split("/")[0]!;

/** Whether two are the same change of the same place. */
export const isSame = (a: Mutant, b: Mutant): boolean =>
  a.file === b.file && a.line === b.line && a.occurrence === b.occurrence && a.from === b.from && a.kind === b.kind;

const offsetsOfLines = (text: string): number[] => {
  const offsets = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) offsets.push(at + 1);
  return offsets;
};

/** The mutant of a change within one line; undefined for one that spans several. */
export function mutantOf(file: string, text: string, { kind, start, end, replacement }: Change): Mutant | undefined {
  const offsets = offsetsOfLines(text);
  const lines = text.split("\n");
  const at = offsets.filter((offset) => offset <= start).length - 1;
  const line = lines[at];
  if (line === undefined || end > offsets[at]! + line.length) return undefined;
  const indent = line.length - line.trimStart().length;
  const from = start - offsets[at]! - indent;
  const occurrence = lines.slice(0, at).filter((other) => other.trim() === line.trim()).length;
  return { file, kind, line: line.trim(), occurrence, from, to: from + end - start, replacement };
}

/** `text` with the mutant in it; undefined when its line is no longer there. */
export function applyMutant(
  text: string,
  { kind, line, occurrence, from, to, replacement }: Mutant,
): string | undefined {
  const lines = text.split("\n");
  const places = lines.flatMap((other, at) => (other.trim() === line ? [at] : []));
  const at = places[occurrence];
  if (at === undefined) return undefined;
  const indent = lines[at]!.length - lines[at]!.trimStart().length;
  const start = offsetsOfLines(text)[at]! + indent + from;
  return applyChange(text, { kind, start, end: start + to - from, replacement });
}

/** Compiled modules of a layer below `compiled`, ascending, without those that WebAssembly is made from. */
function modulesOf(compiled: string, layer: string): string[] {
  return readdirSync(join(compiled, layer), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .map((name) => `${layer}/${name.split(sep).join("/")}`)
    .filter((name) => !name.includes("/wasm/"))
    .sort();
}

/** `count` mutants of a layer, drawn with `seed`: every change of its modules has the same chance. */
export function drawMutants(compiled: string, layer: string, count: number, seed: number): Mutant[] {
  const all = modulesOf(compiled, layer).flatMap((file) => {
    const text = readFileSync(join(compiled, file), "utf8");
    return changesIn(text).flatMap((change) => mutantOf(file, text, change) ?? []);
  });
  const random = createRandom(seed, `mutants of ${layer}`);
  const drawn = all.map((mutant, i) => ({ mutant, key: random.uniform(i) })).sort((a, b) => a.key - b.key);
  return drawn.slice(0, count).map(({ mutant }) => mutant);
}

/** The set, which is kept so that a score can be compared with the one before. */
export interface MutantSet {
  readonly seed: number;
  /** Drawn ones per layer; those with a name come on top. */
  readonly perLayer: number;
  readonly mutants: readonly Mutant[];
}

export const readSet = (path: string): MutantSet => JSON.parse(readFileSync(path, "utf8")) as MutantSet; // our own file

/** Write the set, a mutant a line. */
export function writeSet(path: string, { seed, perLayer, mutants }: MutantSet): void {
  const lines = mutants.map((mutant) => `    ${JSON.stringify(mutant)}`).join(",\n");
  writeFileSync(path, `{\n  "seed": ${seed},\n  "perLayer": ${perLayer},\n  "mutants": [\n${lines}\n  ]\n}\n`);
}
