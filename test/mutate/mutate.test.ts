import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../cache/made-cache.js";
import { testFiles } from "../runner/choose.js";
import { ImportGraph } from "../runner/import-graph.js";
import { applyMutant, drawMutants, type Mutant, mutantOf, readSet, writeSet } from "./mutants.js";
import { applyChange, changesIn } from "./mutators.js";
import { Nearest } from "./nearest.js";
import { scoreOf } from "./score.js";

const dist = fileURLToPath(new URL("../../", import.meta.url));
const project = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const sources = join(project, "test");

/** Every text that one change of `text` gives. */
const mutated = (text: string) => changesIn(text).map((change) => applyChange(text, change));

test("changesIn swaps operators, moves constants, flips what is decided, and leaves calls and defaults away", () => {
  assert.deepEqual(mutated("a < b"), ["a <= b"]);
  assert.deepEqual(mutated("a === b || c"), ["a !== b || c", "a === b && c"]);
  assert.deepEqual(mutated("x = a - b * c"), ["x = a + b * c", "x = a - b / c"]);
  assert.deepEqual(mutated("x = 60"), ["x = 61"]);
  assert.deepEqual(mutated("x = 1e-3"), ["x = 0.002"]);
  assert.deepEqual(mutated("x = given ?? other"), ["x = given"]);
  assert.deepEqual(mutated("if (a) b = false;"), ["if (!(a)) b = false;", "if (a) b = true;"]);
  assert.deepEqual(mutated("await handle.sync();"), [";"]);
  assert.deepEqual(mutated("x = Math.min(a, b)"), ["x = Math.max(a, b)"]);
});

test("changesIn leaves texts and errors alone", () => {
  assert.deepEqual(mutated(`x = 'a' + b + \`c\${d}\``), []);
  assert.deepEqual(mutated(`throw new RangeError(\`invalid: \${a + 1}\`);`), []);
  assert.deepEqual(mutated("fail(new StoreError(a ? 1 : 2));"), [";"]);
  assert.deepEqual(mutated("super(a);"), []);
});

test("a mutant is found again where its line has moved, the right one of equal lines, and is told when it is gone", () => {
  const text = "{\n  x = 1;\n  if (a < b) x = 2;\n  x = 1;\n}\n";
  const change = changesIn(text).at(-1)!;
  const mutant = mutantOf("m.js", text, change)!;
  assert.deepEqual([mutant.line, mutant.occurrence, mutant.from, mutant.to], ["x = 1;", 1, 4, 5]);
  assert.equal(applyMutant(text, mutant), "{\n  x = 1;\n  if (a < b) x = 2;\n  x = 2;\n}\n");
  const moved = `// above\n${text.replaceAll("  ", "      ")}`;
  assert.equal(applyMutant(moved, mutant), moved.replace(/x = 1;\n}/, "x = 2;\n}"));
  assert.equal(applyMutant("x = 1;", mutant), undefined);
  assert.equal(mutantOf("m.js", "if (a &&\n b) c();", changesIn("if (a &&\n b) c();")[0]!), undefined);
});

test("a set is drawn anew to the same mutants by the same seed, and is read as it was written", async (context) => {
  const dir = await temporaryFolder(context);
  await mkdir(join(dir, "layer/wasm"), { recursive: true });
  const body = Array.from({ length: 30 }, (_, i) => `export const c${i} = a < ${i};`).join("\n");
  await writeFile(join(dir, "layer/a.js"), body);
  await writeFile(join(dir, "layer/wasm/kernels.js"), body);
  const drawn = drawMutants(dir, "layer", 8, 3);
  assert.equal(drawn.length, 8);
  assert.ok(drawn.every(({ file }) => file === "layer/a.js"));
  assert.deepEqual(drawMutants(dir, "layer", 8, 3), drawn);
  assert.notDeepEqual(drawMutants(dir, "layer", 8, 4), drawn);
  const set = { seed: 3, perLayer: 8, mutants: drawn };
  writeSet(join(dir, "set.json"), set);
  assert.deepEqual(readSet(join(dir, "set.json")), set);
});

test("a layer's outcomes take the place of its part of the score, and a part of another set is missing", () => {
  const change = { kind: "constant", line: "x = 1;", occurrence: 0, from: 4, to: 5, replacement: "2" };
  const at = (file: string): Mutant => ({ file, ...change });
  const set = [at("a/one.js"), at("a/two.js"), at("b/one.js")];
  const [one, two, other] = set as [Mutant, Mutant, Mutant]; // three stand above
  const first = scoreOf(set, [
    { mutant: one, result: "killed" },
    { mutant: two, result: "survived", asked: 3 },
  ]);
  assert.deepEqual([first.score, first.killed, first.counted, first.missing], [0.5, 1, 2, ["b"]]);
  assert.deepEqual(first.layers.a?.survivors, ["a/two.js constant: x = 1; -> 2 (survived, 3 test files)"]);
  const both = scoreOf(set, [{ mutant: other, result: "killed" }], first);
  assert.deepEqual([both.score, both.killed, both.counted, both.missing], [0.6667, 2, 3, []]);
  const changed = scoreOf([one, at("b/two.js")], [{ mutant: one, result: "equal" }], both);
  assert.deepEqual([changed.counted, changed.equal, changed.missing], [0, 1, ["b"]]);
});

test("the nearest tests of a module come first by name, then by way, and stay within their budget", () => {
  const names = testFiles(project);
  const nearest = new Nearest(new ImportGraph(), project, names, {});
  const [first, ...others] = nearest.of("scoring/szcore.js", 20);
  assert.equal(first, "scoring/szcore.test.ts");
  assert.ok(others.length > 0 && others.length < 10);
  assert.ok(nearest.of("base/option-table.js", 20).length > 0);
  assert.deepEqual(nearest.of("scoring/szcore.js", 1), []);
});

test("most of the kept set is still there: what changed with its line is drawn anew before it is too much", () => {
  const { mutants } = readSet(join(sources, "mutate/set.json"));
  const there = mutants.filter((mutant) => {
    const path = join(dist, "src", mutant.file);
    return existsSync(path) && applyMutant(readFileSync(path, "utf8"), mutant) !== undefined;
  });
  assert.ok(mutants.length >= 140);
  assert.ok(there.length > 0.8 * mutants.length, "draw the set again: node dist/test/mutate/main.js --renew");
});
