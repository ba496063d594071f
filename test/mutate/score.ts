/** The score of the set: test/mutate/score.json, a part for each layer. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { layerOf, type Mutant } from "./mutants.js";

/** What became of a mutant. */
export interface Outcome {
  readonly mutant: Mutant;
  readonly result: "killed" | "survived" | "equal" | "gone" | "untested";
  /** The test file that noticed it, or how many did not. */
  readonly by?: string;
  readonly asked?: number;
}

/** What became of the mutants of a layer. */
export interface LayerScore {
  readonly date: string;
  /** Digest of the layer's mutants: a part of another set says nothing about this one. */
  readonly set: string;
  readonly killed: number;
  /** All but those that are equal in effect. */
  readonly counted: number;
  readonly equal: number;
  readonly survivors: readonly string[];
  /** What became of each, in the order of the set. */
  readonly outcomes: readonly Omit<Outcome, "mutant">[];
}

export interface Score {
  /** The share of the counted mutants that was noticed. */
  readonly score: number;
  readonly killed: number;
  readonly counted: number;
  readonly equal: number;
  /** Layers of the set that were not run, or with other mutants. */
  readonly missing: readonly string[];
  readonly layers: Readonly<Record<string, LayerScore>>;
}

/** A mutant in words. */
export const describe = ({ file, kind, line, replacement, name }: Mutant): string =>
  `${file} ${name ?? kind}: ${line.slice(0, 100)}${replacement === ";" ? " left away" : ` -> ${replacement || "left side alone"}`}`;

const digestOf = (mutants: readonly Mutant[]): string =>
  createHash("sha256")
    .update(JSON.stringify(mutants.map(({ equal: _, ...mutant }) => mutant)))
    .digest("hex")
    .slice(0, 12);

const total = (layers: readonly LayerScore[], key: "killed" | "counted" | "equal"): number =>
  layers.reduce((sum, layer) => sum + layer[key], 0);

function layerScore(mutants: readonly Mutant[], outcomes: readonly Outcome[]): LayerScore {
  const counted = outcomes.filter(({ result }) => result !== "equal" && result !== "gone");
  const missed = counted.filter(({ result }) => result !== "killed");
  return {
    date: new Date().toISOString().slice(0, 10),
    set: digestOf(mutants),
    killed: counted.length - missed.length,
    counted: counted.length,
    equal: outcomes.filter(({ result }) => result === "equal").length,
    survivors: missed
      .map(({ mutant, result, asked = 0 }) => `${describe(mutant)} (${result}, ${asked} test files)`)
      .sort(),
    outcomes: outcomes.map(({ mutant: _, ...rest }) => rest),
  };
}

/** What `before` says of the mutants of a layer, in the order of the set; undefined when it had others. */
export function outcomesIn(set: readonly Mutant[], layer: string, before: Score | undefined): Outcome[] | undefined {
  const mutants = set.filter((mutant) => layerOf(mutant) === layer);
  const kept = before?.layers[layer];
  if (kept?.set !== digestOf(mutants)) return undefined;
  return mutants.map((mutant, i) => ({ mutant, ...kept.outcomes[i]! }));
}

/** The score of `set` from `outcomes`, which hold whole layers; the other layers keep what `before` says of them. */
export function scoreOf(set: readonly Mutant[], outcomes: readonly Outcome[], before?: Score): Score {
  const names = [...new Set(set.map(layerOf))].sort();
  const found = names.flatMap((layer): [string, LayerScore][] => {
    const mutants = set.filter((mutant) => layerOf(mutant) === layer);
    const own = mutants.flatMap((mutant) => outcomes.find((outcome) => outcome.mutant === mutant) ?? []);
    if (own.length > 0) return [[layer, layerScore(mutants, own)]];
    const kept = before?.layers[layer];
    return kept?.set === digestOf(mutants) ? [[layer, kept]] : [];
  });
  const layers = found.map(([, layer]) => layer);
  return {
    score: Number((total(layers, "killed") / total(layers, "counted")).toFixed(4)),
    killed: total(layers, "killed"),
    counted: total(layers, "counted"),
    equal: total(layers, "equal"),
    missing: names.filter((name) => !found.some(([layer]) => layer === name)),
    layers: Object.fromEntries(found),
  };
}

/** Write the score, an outcome a line. */
export function writeScore(path: string, score: Score): void {
  const text = JSON.stringify(score, null, 2);
  const outcome = /\{\n\s+"result": [^}]*\}/g;
  writeFileSync(path, `${text.replace(outcome, (found) => found.replace(/\n\s*/g, " "))}\n`);
}
