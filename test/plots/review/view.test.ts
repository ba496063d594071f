import assert from "node:assert/strict";
import { test } from "node:test";
import { deriveTraces } from "../../../src/plots/review/view/derive.js";
import { filterInPlace, filterSections } from "../../../src/plots/review/view/filters.js";
import { usableMontages, viewMontage } from "../../../src/plots/review/view/montages.js";
import { centredOn, nextEvent, startingAt, type ViewState, withPage } from "../../../src/plots/review/view/state.js";
import { clock, PAGE_SECONDS, stepped } from "../../../src/plots/review/view/steps.js";
import { madeRecording } from "./made-recording.js";

const OFF = { highPassHz: null, lowPassHz: null, notchHz: null };
const electrodes = (...names: string[]) => names.map((name) => ({ name, kind: "electrode" as const }));
const names = (montage: ReturnType<typeof viewMontage>) => montage.derivations.map(({ name }) => name);

test("each montage has its traces, by chains, and names those that lack an electrode", () => {
  const { channels } = madeRecording().signals;
  const count = (name: Parameters<typeof viewMontage>[0]) => names(viewMontage(name, channels)).length;
  assert.deepEqual(
    [count("banana"), count("tcp"), count("average"), count("recorded"), count("transverse")],
    [19, 21, 20, 20, 19],
  );
  assert.deepEqual(viewMontage("tcp", channels).missing, ["A1-T3", "T4-A2"]);
  const few = viewMontage("banana", electrodes("FP1", "F7", "F3"));
  assert.deepEqual(names(few), ["FP1-F7", "FP1-F3"]);
  assert.deepEqual(
    few.derivations.map(({ chain, side }) => [chain, side]),
    [
      [0, "left"],
      [1, "left"],
    ],
  );
});

test("a recording of bipolar signals can only be seen as recorded", () => {
  assert.deepEqual(usableMontages([{ name: "FP1-F7", kind: "other" }]), ["recorded"]);
  assert.deepEqual(usableMontages([{ name: "EKG1", kind: "heart" }]), []);
});

test("derived traces are the differences and the averages they are named for, in microvolts", () => {
  const { signals } = madeRecording({ seconds: 20, electrodes: ["FP1", "F7", "A1"] });
  const at = (row: number, i: number) => signals.samples[row * signals.sampleCount + i]! * signals.stepMicrovolts;
  const traces = (name: Parameters<typeof viewMontage>[0]) =>
    deriveTraces(signals, viewMontage(name, signals.channels), OFF, 100, 200);
  assert.equal(traces("banana")[0]![7], at(0, 107) - at(1, 107));
  assert.equal(traces("recorded")[0]![7], at(0, 107));
  const average = (at(0, 107) + at(1, 107)) / 2; // the ear is no part of it
  assert.ok(Math.abs(traces("average")[0]![7]! - (at(0, 107) - average)) < 1e-4);
  assert.equal(traces("average").at(-1)![7], at(3, 107), "the ECG has no reference");
});

test("a sample looks the same wherever its page begins; outside the recording and in gaps there is none", () => {
  const { signals } = madeRecording({ seconds: 60, gaps: [{ startSeconds: 40, endSeconds: 42 }] });
  const montage = viewMontage("banana", signals.channels);
  const filters = { highPassHz: 1, lowPassHz: 40, notchHz: 50 };
  const [one] = deriveTraces(signals, montage, filters, 20 * 128, 30 * 128);
  const [other] = deriveTraces(signals, montage, filters, 27 * 128, 62 * 128);
  for (let i = 0; i < 3 * 128; i++) assert.ok(Math.abs(one![7 * 128 + i]! - other![i]!) < 1e-3);
  const missing = (seconds: number) => Number.isNaN(other![Math.round((seconds - 27) * 128)]);
  assert.deepEqual([39.9, 40, 41.9, 42, 59.9, 60, 61.9].map(missing), [false, true, true, false, false, true, true]);
});

/** Gain at a frequency after the filter has settled. */
function gain(hertz: number, filters: Parameters<typeof filterSections>[0], rateHz: number): number {
  const x = Float32Array.from({ length: 40 * rateHz }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rateHz));
  filterInPlace(x, filterSections(filters, rateHz));
  return x.subarray(30 * rateHz).reduce((top, value) => Math.max(top, Math.abs(value)), 0);
}

test("filters are 3 dB down at their edges, flat inside, and the notch takes its frequency alone", () => {
  const near = (value: number, expected: number) =>
    assert.ok(Math.abs(value - expected) < 0.01, `${value}, not ${expected}`);
  near(gain(1, { ...OFF, highPassHz: 1 }, 200), Math.SQRT1_2);
  near(gain(10, { ...OFF, highPassHz: 1 }, 200), 1);
  near(gain(0.1, { ...OFF, highPassHz: 1 }, 200), 0.01);
  near(gain(35.5, { ...OFF, lowPassHz: 35.5 }, 200), Math.SQRT1_2);
  near(gain(3, { ...OFF, lowPassHz: 35 }, 200), 1);
  near(gain(50, { ...OFF, notchHz: 50 }, 200), 0);
  near(gain(41.3, { ...OFF, notchHz: 50 }, 200), 0.993);
});

test("a filter begins at rest on the first value, and an edge above half the rate does nothing", () => {
  const flat = new Float32Array(100).fill(300);
  filterInPlace(flat, filterSections({ highPassHz: 1, lowPassHz: 30, notchHz: 50 }, 128));
  assert.ok(flat.every((value) => Math.abs(value) < 1e-3));
  assert.deepEqual(filterSections({ highPassHz: null, lowPassHz: 70, notchHz: 60 }, 100), []);
});

const state: ViewState = {
  ...OFF,
  startSeconds: 0,
  pageSeconds: 10,
  cursorSeconds: -1,
  microvoltsPerMillimetre: 7,
  montage: "banana",
  pixelsPerMillimetre: 3.78,
};

test("pages stay inside the recording, and an event that is jumped to stands 30 % into its page", () => {
  assert.equal(startingAt(state, -5, 60).startSeconds, 0);
  assert.equal(startingAt(state, 58, 60).startSeconds, 50);
  assert.equal(startingAt(state, 3, 4).startSeconds, 0);
  const jumped = centredOn(state, 33, 60);
  assert.deepEqual([jumped.startSeconds, jumped.cursorSeconds], [30, 33]);
  assert.equal(withPage(jumped, 30, 60).startSeconds, 24);
});

test("next and previous go through all events once, at the ends of the recording too", () => {
  const events = [0, 1, 58].map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + 1 }));
  let now = state;
  const seen: number[] = [];
  for (
    let index = nextEvent(events, now.cursorSeconds, 1);
    index >= 0;
    index = nextEvent(events, now.cursorSeconds, 1)
  ) {
    seen.push(index);
    now = centredOn(now, events[index]!.startSeconds, 60);
  }
  assert.deepEqual(seen, [0, 1, 2]);
  assert.equal(nextEvent(events, now.cursorSeconds, -1), 1);
  assert.equal(nextEvent([], 5, -1), -1);
});

test("times and steps read as people write them", () => {
  assert.deepEqual(
    [clock(5), clock(65.4, 0.1), clock(3725), clock(59.96, 0.1)],
    ["0:05", "1:05.4", "1:02:05", "1:00.0"],
  );
  assert.deepEqual(
    [stepped(PAGE_SECONDS, 10, 1), stepped(PAGE_SECONDS, 3600, 1), stepped(PAGE_SECONDS, 11, -1)],
    [15, 3600, 5],
  );
});
