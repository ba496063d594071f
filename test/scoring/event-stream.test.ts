import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/base/events.js";
import { createRandom, type Random } from "../../src/base/random.js";
import { type Alarm, createEventStream } from "../../src/scoring/event-stream.js";
import { detectEvents, type PostprocessOptions } from "../../src/scoring/postprocess.js";

const CONFIDENCES = ["mean", "peak", "percentile"] as const;

/** Draws that follow each other. */
function drawer(random: Random): { uniform(): number; integer(bound: number): number } {
  let counter = 0;
  return { uniform: () => random.uniform(counter++), integer: (bound) => random.integer(counter++, bound) };
}

/** Stretches of high, middle and low probability of random length, with single values that stand out. */
function randomProbability(random: Random): Float32Array {
  const draw = drawer(random.stream("values"));
  const out = new Float32Array(draw.integer(1500));
  for (let i = 0; i < out.length; ) {
    const level = [0.2, 0.55, 0.65, 0.9][draw.integer(4)]!;
    for (let rest = 1 + draw.integer(1 + draw.integer(80)); rest > 0 && i < out.length; rest--, i++) {
      out[i] = draw.uniform() < 0.05 ? draw.uniform() : level + 0.08 * draw.uniform();
    }
  }
  return out;
}

function randomOptions(random: Random): { rateHz: number; options: Partial<PostprocessOptions> } {
  const draw = drawer(random.stream("options"));
  const seconds = (bound: number) => draw.integer(bound * 8) / 8;
  const rateHz = [1, 4, 7.5, 16, 256][draw.integer(5)]!;
  const minEventSeconds = seconds(8);
  return {
    rateHz,
    options: {
      onThreshold: 0.6,
      offThreshold: 0.5,
      minOnsetSeconds: seconds(2),
      minOffsetSeconds: seconds(2),
      openingSeconds: seconds(2),
      closingSeconds: seconds(3),
      minEventSeconds,
      maxEventSeconds: minEventSeconds + 2 / rateHz + (draw.integer(3) === 0 ? seconds(4) : seconds(30)),
      mergeGapSeconds: draw.integer(4) === 0 ? 0 : seconds(10),
      confidence: CONFIDENCES[draw.integer(3)]!,
      confidencePercentile: draw.uniform(),
    },
  };
}

test("createEventStream gives detectEvents' events for any recording, options and chunks, within its delay", () => {
  let events = 0;
  let early = 0;
  for (let round = 0; round < 3000; round++) {
    const random = createRandom(round, "event stream");
    const probability = randomProbability(random);
    const { rateHz, options } = randomOptions(random);
    const draw = drawer(random.stream("chunks"));
    const stream = createEventStream(options, rateHz);
    const found: Event[] = [];
    const largest = 1 + draw.integer(200);
    for (let from = 0; from < probability.length; ) {
      const to = Math.min(probability.length, from + draw.integer(largest + 1));
      const finished = stream.push(probability.subarray(from, to));
      // An event that the samples before this chunk already made known would be late.
      for (const { endSeconds } of finished) {
        const waited = from / rateHz - endSeconds;
        assert.ok(waited <= stream.delaySeconds + 1e-9, `round ${round}: ${waited} s of ${stream.delaySeconds} s`);
      }
      found.push(...finished);
      early += finished.length;
      from = to;
    }
    found.push(...stream.flush());
    assert.deepEqual(found, detectEvents(probability, rateHz, options), `round ${round}`);
    events += found.length;
  }
  assert.ok(events > 10_000 && early > 6000, `${events} events, ${early} before the end`); // the draw must exercise the steps
});

test("createEventStream finishes an event soon after it ended, not at the end of the recording", () => {
  const stream = createEventStream({}, 4);
  const seizure = new Float32Array(4 * 60).fill(0.95);
  assert.deepEqual(stream.push(seizure), []);
  const silence = new Float32Array(4 * Math.ceil(1 + stream.delaySeconds));
  const [event] = stream.push(silence);
  assert.deepEqual([event!.startSeconds, event!.endSeconds], [0, 60.75]); // the end rule counts to its last tolerated sample
  assert.ok(stream.delaySeconds < 6);
  assert.deepEqual(stream.flush(), []);
});

test("createEventStream hands over the pieces of an endless seizure as they fill", () => {
  const stream = createEventStream({ maxEventSeconds: 60 }, 1);
  const found = stream.push(new Float32Array(600).fill(0.9));
  assert.equal(found.length, 10);
  assert.deepEqual([found[9]!.startSeconds, found[9]!.endSeconds], [540, 600]);
  assert.equal(stream.flush().length, 0);
});

test("createEventStream of nothing is empty, refuses bad options, and ends with flush", () => {
  const stream = createEventStream({}, 1);
  assert.deepEqual(stream.flush(), []);
  assert.throws(() => stream.push([0.5]), /the event stream was flushed/);
  assert.throws(() => stream.flush(), /the event stream was flushed/);
  const faulty = createEventStream({}, 1);
  faulty.push([0.1, 0.2]);
  assert.throws(() => faulty.push([0.3, Number.NaN]), /invalid probability at 3: NaN/);
  assert.throws(() => createEventStream({}, 0), /invalid rateHz: 0/);
  assert.throws(() => createEventStream({ onThreshold: 0.5, offThreshold: 0.5 }, 1), /on 0\.5 must be above off 0\.5/);
});

test("alarms of createEventStream: each event is provisional, then starts and ends, or is withdrawn", () => {
  const random = createRandom(3, "alarms");
  const options = { minEventSeconds: 1, mergeGapSeconds: 0.5, maxEventSeconds: 4, minOnsetSeconds: 0.25 };
  const alarms: Alarm[] = [];
  const stream = createEventStream(options, 8, (alarm) => alarms.push(alarm));
  const values = Float32Array.from({ length: 4000 }, (_, i) => (random.uniform(i >> 3) > 0.5 ? 0.95 : 0.1));
  const events = [...values].flatMap((value) => stream.push([value])).concat(stream.flush());
  const ends = alarms.flatMap((alarm) => (alarm.type === "end" ? [alarm] : []));
  assert.deepEqual(
    ends.map(({ type: _, ...event }) => event),
    events,
  );
  let open: string | undefined;
  for (const { type, startSeconds } of alarms) {
    if (type === "provisional") assert.equal(open, undefined);
    if (type === "end") assert.equal(open, `start ${startSeconds}`);
    if (type === "withdrawn") assert.ok(open !== undefined, `${startSeconds}`);
    open = type === "end" || type === "withdrawn" ? undefined : `${type} ${startSeconds}`;
  }
  assert.equal(open, undefined);
  const countOf = (wanted: Alarm["type"]) => alarms.filter(({ type }) => type === wanted).length;
  assert.ok(countOf("withdrawn") > 10 && countOf("start") >= events.length && events.length > 50);
});
