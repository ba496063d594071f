import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { closeMask, cutEvents, detectEvents, hysteresisInto, openMask } from "../../src/scoring/postprocess.js";

const bits = (text: string) => Uint8Array.from(text, (character) => Number(character));
const text = (mask: Uint8Array) => [...mask].join("");

test("hysteresisInto(mask, probability) starts at the onset run's first sample and ends at the last tolerated dip", () => {
  const levels: Record<string, number> = { h: 0.9, m: 0.8, l: 0.1 };
  const probability = Float64Array.from("lhlhhhmmlmmlllhll", (character) => levels[character]!);
  const mask = new Uint8Array(probability.length);
  hysteresisInto(mask, probability, { on: 0.86, off: 0.78, minOnset: 2, minOffset: 3 });
  assert.equal(text(mask), "00011111111110000");
});

test("hysteresisInto refuses thresholds that do not lie apart", () => {
  assert.throws(
    () => hysteresisInto(new Uint8Array(1), [0], { on: 0.5, off: 0.5, minOnset: 1, minOffset: 1 }),
    /on 0\.5 must be above off 0\.5/,
  );
});

test("openMask drops runs shorter than the kernel, closeMask fills shorter gaps, edges stay neutral", () => {
  assert.equal(text(openMask(bits("1101110010000011"), 3)), "1101110000000011");
  assert.equal(text(closeMask(bits("0001001000000100010000"), 3)), "0001111000000100010000");
});

test("opening and closing equal their definitions by minimum and maximum over windows", () => {
  const random = createRandom(5, "masks");
  const window = (mask: Uint8Array, width: number, pick: (values: number[]) => number) =>
    Uint8Array.from(mask, (_, i) => pick([...mask.subarray(Math.max(0, i - (width >> 1)), i + (width >> 1) + 1)]));
  for (let round = 0; round < 200; round++) {
    const mask = Uint8Array.from({ length: 1 + random.integer(round, 60) }, (_, i) =>
      random.uniform(round * 100 + i) < 0.6 ? 1 : 0,
    );
    const width = 1 + 2 * random.integer(round + 1000, 5);
    const erode = (values: Uint8Array) => window(values, width, (list) => Math.min(...list));
    const dilate = (values: Uint8Array) => window(values, width, (list) => Math.max(...list));
    assert.deepEqual(openMask(mask, width), dilate(erode(mask)));
    assert.deepEqual(closeMask(mask, width), erode(dilate(mask)));
  }
});

test("detectEvents treats segments as recordings: no event lies in a gap, reaches across one or is joined over it", () => {
  const rateHz = 4;
  const probability = new Float32Array(400).fill(0.95);
  const segments = [
    { start: 0, end: 100 },
    { start: 102, end: 260 }, // half a second of gap: less than the end rule and the merging bridge
    { start: 300, end: 308 }, // two seconds: too short for an event
    { start: 340, end: 400 },
  ];
  const events = detectEvents(probability, rateHz, { minEventSeconds: 3 }, segments);
  assert.deepEqual(
    events.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
    [
      [0, 25],
      [25.5, 65],
      [85, 100],
    ],
  );
  const whole = detectEvents(probability, rateHz, {}, [{ start: 0, end: 400 }]);
  assert.deepEqual(whole, detectEvents(probability, rateHz));
  const random = createRandom(8, "segments");
  const noise = Float32Array.from({ length: 4000 }, (_, i) => random.uniform(Math.floor(i / 9)));
  const options = { minEventSeconds: 0.5, mergeGapSeconds: 1, closingSeconds: 0.75, openingSeconds: 0.75 };
  const [first, second] = [noise.subarray(0, 1500), noise.subarray(2500)];
  const moved = detectEvents(second, rateHz, options).map((event) => ({
    ...event,
    startSeconds: event.startSeconds + 625,
    endSeconds: event.endSeconds + 625,
  }));
  const ranges = [
    { start: 0, end: 1500 },
    { start: 2500, end: 4000 },
  ];
  const found = detectEvents(noise, rateHz, options, ranges);
  assert.ok(found.length > 20);
  assert.deepEqual(found, [...detectEvents(first, rateHz, options), ...moved]);
});

test("detectEvents drops short events, cuts long ones and joins near ones", () => {
  const rateHz = 4;
  const probability = new Float32Array(1000 * rateHz);
  const paint = (from: number, to: number, value = 0.95) => probability.fill(value, from * rateHz, to * rateHz);
  paint(10, 12); // under 3 s
  paint(100, 120, 0.9);
  paint(122.5, 130, 0.9); // the end rule keeps 0.75 s of the gap, the rest is under 2 s
  paint(200, 900); // over 600 s
  const events = detectEvents(probability, rateHz);
  assert.deepEqual(
    events.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
    [
      [100, 130.75],
      [200, 800],
      [800, 900.75],
    ],
  );
  assert.ok(events[0]!.confidence > 0.8 && events[0]!.confidence < 0.9);
});

test("detectEvents with confidence peak and percentile lies between the event's values", () => {
  const probability = Float32Array.from({ length: 40 }, (_, i) => (i < 20 ? 0.9 : 0.95));
  assert.ok(Math.abs(detectEvents(probability, 4, { confidence: "peak" })[0]!.confidence - 0.95) < 1e-6);
  assert.ok(
    Math.abs(
      detectEvents(probability, 4, { confidence: "percentile", confidencePercentile: 0.25 })[0]!.confidence - 0.9,
    ) < 1e-6,
  );
});

test("detectEvents of silence or of nothing is empty", () => {
  assert.deepEqual(detectEvents(new Float32Array(100), 1), []);
  assert.deepEqual(detectEvents(new Float32Array(0), 1), []);
  assert.throws(() => detectEvents([], 0), /invalid rateHz: 0/);
});

test("detectEvents refuses NaN by its place instead of taking it for silence", () => {
  const probability = new Float32Array(100).fill(0.9);
  probability[40] = Number.NaN;
  assert.throws(() => detectEvents(probability, 1), /invalid probability at 40: NaN/);
});

test("cutEvents ends events with their recording and drops those that begin after it", () => {
  const event = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds, label: "seiz" });
  assert.deepEqual(cutEvents([event(1, 4), event(8, 11), event(10, 12)], 10), [event(1, 4), event(8, 10)]);
});
