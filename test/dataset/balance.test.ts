import assert from "node:assert/strict";
import { test } from "node:test";
import { balanceNotice, balanceWindows, windowComposition } from "../../src/dataset/balance.js";
import { indexWindows, windowClass } from "../../src/dataset/index-windows.js";
import { epochOrder } from "../../src/dataset/order.js";
import { splitByPatient } from "../../src/dataset/split.js";
import { makeManifest } from "./made-manifest.js";

const ONE = { windowSeconds: 1, strideSeconds: 1 };

/** Windows of 1 s: `partial`, `full`, `none` and `unknown` of them, in recordings of their own. */
function made(partial: number, full: number, none: number, unknown = 0) {
  const half = Array.from({ length: partial }, (_, n) => [n, n + 0.5] as const);
  return makeManifest(
    [
      { sampleCount: partial * 256, seizures: half, patient: "p" },
      { sampleCount: full * 256, seizures: [[0, full] as const], patient: "f" },
      { sampleCount: none * 256, patient: "n" },
      { sampleCount: unknown * 256, labelled: false, patient: "u" },
    ].filter((entry) => entry.sampleCount > 0),
  );
}

test("balance takes all partial, 0.3 times full and 2.5 times none, by seed and without repeats", () => {
  const index = indexWindows(made(100, 80, 1000, 50), ONE);
  const selection = balanceWindows(index, { seed: 42 });
  const { windows, selected } = windowComposition(index, selection);
  assert.deepEqual(windows, { none: 1000, partial: 100, full: 80, unknown: 50 });
  assert.deepEqual(selected, { none: 250, partial: 100, full: 30, unknown: 0 });
  assert.equal(new Set(selection).size, selection.length);
  assert.deepEqual(
    [...selection],
    [...selection].sort((a, b) => a - b),
  );
  assert.deepEqual(balanceWindows(index, { seed: 42 }), selection);
  assert.notDeepEqual(balanceWindows(index, { seed: 43 }), selection);
});

test("each window of a class is drawn about equally often", () => {
  const index = indexWindows(made(4, 0, 40), ONE);
  const drawn = new Uint32Array(index.count);
  for (let seed = 0; seed < 2000; seed++) for (const window of balanceWindows(index, { seed })) drawn[window]! += 1;
  for (let window = 0; window < index.count; window++) {
    if (windowClass(index, window) === "partial") assert.equal(drawn[window], 2000);
    else assert.ok(Math.abs(drawn[window]! - 500) < 100, `window ${window} drawn ${drawn[window]} of 2000 times`); // 5 sigma
  }
});

test("a class that runs out gives all it has; without partial windows full ones are the measure", () => {
  const few = indexWindows(made(100, 5, 20), ONE);
  assert.deepEqual(windowComposition(few, balanceWindows(few, { seed: 1 })).selected, {
    none: 20,
    partial: 100,
    full: 5,
    unknown: 0,
  });
  const fullOnly = indexWindows(made(0, 10, 200), ONE);
  assert.deepEqual(windowComposition(fullOnly, balanceWindows(fullOnly, { seed: 1 })).selected, {
    none: 25,
    partial: 0,
    full: 10,
    unknown: 0,
  });
});

test("the rule of prevalence takes all seizure and as much background as the share allows, and less seizure where that runs out", () => {
  const selectedOf = (index: ReturnType<typeof indexWindows>, prevalence?: number) => {
    const options = { seed: 3, rule: "prevalence" as const, prevalence };
    return windowComposition(index, balanceWindows(index, options));
  };
  const newborns = indexWindows(made(17, 277, 198), ONE);
  const usual = selectedOf(newborns);
  assert.deepEqual(usual.selected, { none: 198, partial: 17, full: 43, unknown: 0 });
  assert.ok(Math.abs(usual.prevalenceAfter - 0.2) < 0.002);
  assert.deepEqual(selectedOf(newborns, 0.5).selected, { none: 198, partial: 17, full: 198, unknown: 0 });
  const plenty = indexWindows(made(10, 20, 1000), ONE);
  assert.deepEqual(selectedOf(plenty, 0.25).selected, { none: 70, partial: 10, full: 20, unknown: 0 });
  assert.equal(selectedOf(plenty, 0.25).prevalenceAfter, 0.25);
  assert.deepEqual(selectedOf(plenty, 0.99).selected, { none: 0, partial: 10, full: 20, unknown: 0 });
  const even = balanceWindows(newborns, { seed: 3, rule: "prevalence", evenPatients: true });
  assert.equal(even.length, 198 + 17 + 43);
  assert.throws(() => selectedOf(newborns, 0), /invalid prevalence: 0/);
  assert.deepEqual(selectedOf(indexWindows(made(0, 10, 0), ONE)).selected, {
    none: 0,
    partial: 0,
    full: 10,
    unknown: 0,
  });
  assert.equal(selectedOf(indexWindows(made(0, 10, 1), ONE)).selected.full, 1);
});

test("the first rule says when it leaves out most of the seizure, and names the second", () => {
  const newborns = indexWindows(made(17, 277, 198), ONE);
  const notice = balanceNotice(windowComposition(newborns, balanceWindows(newborns, { seed: 3 })), {});
  assert.match(
    notice ?? "",
    /^5 of the 277 windows that are all seizure .* 17 partial .*data\.balance\.rule: prevalence$/,
  );
  const usual = indexWindows(made(100, 80, 1000), ONE);
  assert.equal(balanceNotice(windowComposition(usual, balanceWindows(usual, { seed: 3 })), {}), undefined);
  const second = balanceWindows(newborns, { seed: 3, rule: "prevalence" });
  assert.equal(balanceNotice(windowComposition(newborns, second), { rule: "prevalence" }), undefined);
});

test("balance refuses an index without seizures and bad ratios", () => {
  const index = indexWindows(made(0, 0, 30, 5), ONE);
  assert.throws(() => balanceWindows(index, { seed: 1 }), {
    tag: "CacheError",
    message: /no seizure in 35 windows; check labels, split and limit/,
  });
  assert.throws(
    () => balanceWindows(indexWindows(made(1, 1, 1), ONE), { seed: 1, noneRatio: -1 }),
    /invalid noneRatio: -1/,
  );
});

test("composition states prevalence before and after, and counts per patient", () => {
  const index = indexWindows(made(10, 10, 80, 7), ONE);
  const { prevalenceBefore, prevalenceAfter, patients } = windowComposition(index, balanceWindows(index, { seed: 5 }));
  assert.equal(prevalenceBefore, 15 / 100);
  assert.equal(prevalenceAfter, (5 + 3) / (10 + 3 + 25));
  assert.deepEqual(
    patients.map(({ patient, windows, selected }) => [
      patient,
      windows,
      selected.none + selected.partial + selected.full,
    ]),
    [
      ["f", { none: 0, partial: 0, full: 10, unknown: 0 }, 3],
      ["n", { none: 80, partial: 0, full: 0, unknown: 0 }, 25],
      ["p", { none: 0, partial: 10, full: 0, unknown: 0 }, 10],
      ["u", { none: 0, partial: 0, full: 0, unknown: 7 }, 0],
    ],
  );
  assert.ok(Number.isNaN(windowComposition(index, new Uint32Array(0)).prevalenceAfter));
});

test("epochOrder is a permutation that depends on seed and epoch alone", () => {
  const order = epochOrder(1000, 42, 3);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  assert.deepEqual(epochOrder(1000, 42, 3), order);
  assert.notDeepEqual(epochOrder(1000, 42, 4), order);
  assert.notDeepEqual(epochOrder(1000, 43, 3), order);
  assert.deepEqual(epochOrder(0, 1, 0), new Uint32Array(0));
  assert.throws(() => epochOrder(5, 1, -1), /invalid epoch: -1/);
});

test("splitByPatient keeps patients whole, gives dev its share of seizure patients and leaves eval out", () => {
  const manifest = makeManifest([
    ...Array.from({ length: 20 }, (_, n) => ({
      sampleCount: 256,
      patient: `s${n % 10}`,
      seizures: [[0, 0.5] as const],
    })),
    ...Array.from({ length: 10 }, (_, n) => ({ sampleCount: 256, patient: `q${n}` })),
    { sampleCount: 256, patient: "e", split: "eval", seizures: [[0, 1] as const] },
  ]);
  const split = splitByPatient(manifest, 0.2, 42);
  assert.equal(split.train.length + split.dev.length, 20);
  assert.equal(split.dev.filter((patient) => patient.startsWith("s")).length, 2);
  assert.equal(split.dev.filter((patient) => patient.startsWith("q")).length, 2);
  assert.ok(split.dev.every((patient) => !split.train.includes(patient)));
  assert.ok(!split.train.includes("e") && !split.dev.includes("e"));
  assert.deepEqual(splitByPatient(manifest, 0.2, 42), split);
  assert.notDeepEqual(splitByPatient(manifest, 0.2, 43), split);
  const two = makeManifest([0, 1].map((n) => ({ sampleCount: 256, patient: `s${n}`, seizures: [[0, 0.5] as const] })));
  assert.equal(splitByPatient(two, 0.1, 1).dev.length, 1);
  assert.throws(() => splitByPatient(two, 1, 1), /invalid fraction: 1/);
});

test("evenPatients takes as many windows from each patient as it has, up to an even share, and as many in all", () => {
  const manifest = makeManifest([
    { sampleCount: 20 * 256, patient: "p", seizures: Array.from({ length: 20 }, (_, n) => [n, n + 0.5] as const) },
    { sampleCount: 1000 * 256, patient: "large" },
    { sampleCount: 5 * 256, patient: "small" },
    { sampleCount: 30 * 256, patient: "middle" },
    { sampleCount: 40 * 256, patient: "other" },
  ]);
  const index = indexWindows(manifest, ONE);
  const noneOf = (selection: Uint32Array) =>
    Object.fromEntries(
      windowComposition(index, selection).patients.map(({ patient, selected }) => [patient, selected.none]),
    );
  const even = balanceWindows(index, { seed: 3, evenPatients: true });
  const { large, small, middle, other, p } = noneOf(even);
  assert.deepEqual([p, small], [0, 5]);
  assert.equal(large! + middle! + other!, 45);
  for (const each of [large, middle, other]) assert.equal(each, 15);
  assert.equal(even.length, balanceWindows(index, { seed: 3 }).length);
  assert.ok(noneOf(balanceWindows(index, { seed: 3 })).large! > 35);
  assert.deepEqual(balanceWindows(index, { seed: 3, evenPatients: true }), even);
  assert.notDeepEqual(balanceWindows(index, { seed: 4, evenPatients: true }), even);
  const odd = noneOf(balanceWindows(index, { seed: 3, evenPatients: true, noneRatio: 3.1 }));
  assert.equal(
    Object.values(odd).reduce((sum, each) => sum + each),
    62,
  );
  const all = noneOf(balanceWindows(index, { seed: 3, evenPatients: true, noneRatio: 1000 }));
  assert.deepEqual(all, { large: 1000, middle: 30, other: 40, p: 0, small: 5 });
});
