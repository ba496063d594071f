import type { Interval } from "../../../base/events.js";
import type { PageData } from "../page-data.js";
import { MONTAGE_NAMES, MONTAGE_TITLES, type MontageName, usableMontages } from "../view/montages.js";
import { centredOn, nextEvent, startingAt, type ViewState, withPage } from "../view/state.js";
import { clock, NOTCH_HZ, PAGE_SECONDS, SENSITIVITIES, stepped } from "../view/steps.js";

/** Action of a key or a button. `say` shows a text to the reader. */
export interface Action {
  /** Names it in the help and on buttons. */
  readonly title: string;
  /** As in KeyboardEvent.key. */
  readonly keys: readonly string[];
  run(state: ViewState, say: (text: string) => void): ViewState;
}

export type ActionName =
  | "back"
  | "forward"
  | "previousPage"
  | "nextPage"
  | "home"
  | "end"
  | "larger"
  | "smaller"
  | "longer"
  | "shorter"
  | "tenSeconds"
  | "thirtySeconds"
  | "notch"
  | "nextEvent"
  | "previousEvent"
  | "nextMiss"
  | "previousMiss"
  | "nextAlarm"
  | "previousAlarm"
  | `montage${1 | 2 | 3 | 4 | 5}`;

/** All reference and detected events in order of time; those with the same onset are one. */
export function distinctOnsets({ reference, detector }: PageData): Interval[] {
  const all = [...reference, ...(detector?.hypothesis ?? [])].sort((a, b) => a.startSeconds - b.startSeconds);
  return all.filter(({ startSeconds }, i) => startSeconds !== all[i - 1]?.startSeconds);
}

const NONE = "there is none in this recording";

function jump(data: PageData, events: readonly Interval[], what: string, direction: 1 | -1): Action["run"] {
  return (state, say) => {
    const index = nextEvent(events, state.cursorSeconds, direction);
    const event = events[index];
    if (!event) {
      say(`${what}: ${events.length === 0 ? NONE : direction > 0 ? "that was the last" : "that was the first"}`);
      return state;
    }
    const length = event.endSeconds - event.startSeconds;
    say(`${what} ${index + 1} of ${events.length}: at ${clock(event.startSeconds)}, ${length.toFixed(1)} s long`);
    return centredOn(state, event.startSeconds, data.signals.durationSeconds);
  };
}

/** Moves of the page. */
function pageActions(durationSeconds: number) {
  const by =
    (share: number): Action["run"] =>
    (state) =>
      startingAt(state, state.startSeconds + share * state.pageSeconds, durationSeconds);
  const to =
    (seconds: number): Action["run"] =>
    (state) =>
      startingAt(state, seconds, durationSeconds);
  return {
    back: { title: "a tenth of a page back", keys: ["ArrowLeft"], run: by(-0.1) },
    forward: { title: "a tenth of a page on", keys: ["ArrowRight"], run: by(0.1) },
    previousPage: { title: "a page back", keys: ["PageUp"], run: by(-1) },
    nextPage: { title: "a page on", keys: ["PageDown", " "], run: by(1) },
    home: { title: "start of the recording", keys: ["Home"], run: to(0) },
    end: { title: "end of the recording", keys: ["End"], run: to(durationSeconds) },
  };
}

/** Changes of amplitude, page length and notch filter. */
function displayActions(durationSeconds: number) {
  const sensitivity =
    (step: number): Action["run"] =>
    (state) => ({
      ...state,
      microvoltsPerMillimetre: stepped(SENSITIVITIES, state.microvoltsPerMillimetre, step),
    });
  const page =
    (next: (seconds: number) => number): Action["run"] =>
    (state) =>
      withPage(state, next(state.pageSeconds), durationSeconds);
  const nextNotch = (notchHz: number | null): number | null =>
    NOTCH_HZ[notchHz === null ? 0 : NOTCH_HZ.indexOf(notchHz) + 1] ?? null;
  return {
    larger: { title: "traces larger", keys: ["+", "=", "ArrowUp"], run: sensitivity(-1) },
    smaller: { title: "traces smaller", keys: ["-", "ArrowDown"], run: sensitivity(1) },
    longer: { title: "more seconds on a page", keys: ["]"], run: page((seconds) => stepped(PAGE_SECONDS, seconds, 1)) },
    shorter: {
      title: "fewer seconds on a page",
      keys: ["["],
      run: page((seconds) => stepped(PAGE_SECONDS, seconds, -1)),
    },
    tenSeconds: { title: "10 s on a page", keys: ["t"], run: page(() => 10) },
    thirtySeconds: { title: "30 s on a page", keys: ["T"], run: page(() => 30) },
    notch: {
      title: "notch: off, 50 Hz, 60 Hz",
      keys: ["n"],
      run: (state: ViewState) => ({ ...state, notchHz: nextNotch(state.notchHz) }),
    },
  };
}

/** Jumps to events, missed seizures and false alarms. */
function jumpActions(data: PageData) {
  const onsets = distinctOnsets(data);
  const { misses = [], falseAlarms = [] } = data.detector ?? {};
  return {
    nextEvent: { title: "next event", keys: ["e"], run: jump(data, onsets, "event", 1) },
    previousEvent: { title: "previous event", keys: ["E"], run: jump(data, onsets, "event", -1) },
    nextMiss: { title: "next missed seizure", keys: ["m"], run: jump(data, misses, "miss", 1) },
    previousMiss: { title: "previous missed seizure", keys: ["M"], run: jump(data, misses, "miss", -1) },
    nextAlarm: { title: "next false alarm", keys: ["f"], run: jump(data, falseAlarms, "false alarm", 1) },
    previousAlarm: { title: "previous false alarm", keys: ["F"], run: jump(data, falseAlarms, "false alarm", -1) },
  };
}

/** Choices of the montage by its number. */
function montageActions(channels: PageData["signals"]["channels"]) {
  const usable = usableMontages(channels);
  const choose = (name: MontageName, number: number): Action => ({
    title: MONTAGE_TITLES[name],
    keys: [String(number)],
    run(state, say) {
      if (usable.includes(name)) return { ...state, montage: name };
      say(`the recording lacks the electrodes of ${MONTAGE_TITLES[name]}`);
      return state;
    },
  });
  const [first, second, third, fourth, fifth] = MONTAGE_NAMES;
  return {
    montage1: choose(first, 1),
    montage2: choose(second, 2),
    montage3: choose(third, 3),
    montage4: choose(fourth, 4),
    montage5: choose(fifth, 5),
  };
}

/** All actions of keys and buttons, for one recording. */
export function actionsOf(data: PageData): Readonly<Record<ActionName, Action>> {
  const { durationSeconds, channels } = data.signals;
  return {
    ...pageActions(durationSeconds),
    ...displayActions(durationSeconds),
    ...jumpActions(data),
    ...montageActions(channels),
  };
}
