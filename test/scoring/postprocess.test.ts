import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import {
  closeMask,
  cutEvents,
  detectEvents,
  hysteresisInto,
  openMask,
  POSTPROCESS_DEFAULTS,
  type PostprocessOptions,
  sampleSettings,
} from "../../src/scoring/postprocess.js";

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

/** Events without any smoothing: probability 0.9 in the stretches given in samples, 0 elsewhere. */
function detected(rateHz: number, stretches: readonly [number, number][], options: Partial<PostprocessOptions>) {
  const probability = new Float32Array(Math.max(...stretches.map(([, end]) => end)) + 5 * rateHz);
  for (const [start, end] of stretches) probability.fill(0.9, start, end);
  const events = detectEvents(probability, rateHz, {
    ...{ minOnsetSeconds: 0, minOffsetSeconds: 0, openingSeconds: 0, closingSeconds: 0 },
    ...options,
  });
  return events.map(({ startSeconds, endSeconds }) => [
    Math.round(startSeconds * rateHz),
    Math.round(endSeconds * rateHz),
  ]);
}

test("detectEvents keeps an event that lasts the least length and drops one that is a sample shorter, whatever the product", () => {
  for (const seconds of [0.07, 0.29, 0.57, 1.1, 2.3]) {
    const samples = Math.round(seconds * 100);
    const options = { minEventSeconds: seconds, mergeGapSeconds: 0 };
    assert.deepEqual(detected(100, [[10, 10 + samples]], options), [[10, 10 + samples]], `${seconds} s`);
    assert.deepEqual(detected(100, [[10, 9 + samples]], options), [], `under ${seconds} s`);
  }
  assert.deepEqual(detected(3, [[0, 4]], { minEventSeconds: 1.4 }), []); // 4/3 s: five samples are needed
});

test("detectEvents joins across a gap that is a sample shorter than the least one and not across the least one", () => {
  for (const seconds of [0.07, 0.29, 0.57, 1.1, 2.3]) {
    const gap = Math.round(seconds * 100);
    const options = { minEventSeconds: 0.1, mergeGapSeconds: seconds };
    const pair = (between: number) =>
      detected(
        100,
        [
          [0, 100],
          [100 + between, 200 + between],
        ],
        options,
      ).length;
    assert.deepEqual([pair(gap - 1), pair(gap)], [1, 2], `${seconds} s`);
  }
});

test("detectEvents cuts an event one second too long without a second detection, and joined ones too", () => {
  const options = { minEventSeconds: 3, maxEventSeconds: 600, mergeGapSeconds: 2 };
  assert.deepEqual(detected(1, [[10, 611]], options), [[10, 610]]);
  const cut = [
    [10, 610],
    [610, 613],
  ];
  assert.deepEqual(detected(1, [[10, 613]], options), cut);
  const joined = [
    [10, 610],
    [610, 711],
  ];
  assert.deepEqual(
    detected(
      1,
      [
        [10, 610],
        [611, 711],
      ],
      options,
    ),
    joined,
  );
});

test("sampleSettings takes the odd kernel width nearest to its seconds, the smaller of two", () => {
  const widthOf = (samples: number) => sampleSettings({ ...POSTPROCESS_DEFAULTS, openingSeconds: samples }, 1).opening;
  const widths = [0, 1, 2, 2.1, 3, 3.9, 4, 4.4, 5, 6, 6.01].map(widthOf);
  assert.deepEqual(widths, [1, 1, 1, 3, 3, 3, 3, 5, 5, 5, 7]);
  const { opening, closing } = sampleSettings(POSTPROCESS_DEFAULTS, 256);
  assert.deepEqual([opening, closing], [11, 31]);
});

test("sampleSettings refuses lengths that no event can have", () => {
  const lengths = { ...POSTPROCESS_DEFAULTS, minEventSeconds: 5, maxEventSeconds: 4 };
  assert.throws(() => sampleSettings(lengths, 1), /no event lasts at least 5 s and at most 4 s/);
});

test("detectEvents keeps every length and gap that its options promise, for any probabilities", () => {
  let events = 0;
  let pieces = 0;
  for (let round = 0; round < 2000; round++) {
    const random = createRandom(round, "kept lengths");
    let counter = 0;
    const integer = (bound: number) => random.integer(counter++, bound);
    const rateHz = [1, 3, 4, 7.5, 10, 100][integer(6)]!;
    const minEventSeconds = integer(300) / 100;
    const maxEventSeconds = minEventSeconds + 2 / rateHz + integer(1000) / 100;
    const mergeGapSeconds = integer(300) / 100;
    const probability = new Float32Array(600);
    for (let i = 0; i < probability.length; ) {
      const level = 0.9 * integer(2);
      for (let rest = 1 + integer(1 + integer(100)); rest > 0 && i < probability.length; rest--)
        probability[i++] = level;
    }
    const options = { minEventSeconds, maxEventSeconds, mergeGapSeconds, minOnsetSeconds: integer(50) / 100 };
    const found = detectEvents(probability, rateHz, options);
    for (const [i, { startSeconds, endSeconds }] of found.entries()) {
      const seconds = endSeconds - startSeconds;
      const text = `round ${round}: ${startSeconds} to ${endSeconds} s, ${JSON.stringify({ rateHz, ...options })}`;
      assert.ok(seconds >= minEventSeconds - 1e-9 && seconds <= maxEventSeconds + 1e-9, text);
      const gap = startSeconds - (found[i - 1]?.endSeconds ?? Number.NEGATIVE_INFINITY);
      const isPiece = Math.abs(gap) < 1e-9;
      if (isPiece) pieces += 1;
      else assert.ok(gap >= mergeGapSeconds - 1e-9, text);
    }
    events += found.length;
  }
  assert.ok(events > 4000 && pieces > 400, `${events} events, ${pieces} pieces`); // the draw must exercise the steps
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
