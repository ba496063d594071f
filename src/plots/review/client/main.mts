import { usableMontages } from "../view/montages.js";
import { centredOn, startingAt, type ViewState } from "../view/state.js";
import { PIXELS_PER_MILLIMETRE } from "../view/steps.js";
import { type Action, actionsOf } from "./actions.mjs";
import { flatten } from "./canvas.mjs";
import { byId, connectButtons, connectControls, connectGoTo, connectKeys, fillHelp, toggleHelp } from "./controls.mjs";
import { timeAt } from "./draw-strips.mjs";
import { Drawing } from "./drawing.mjs";
import { fillEventList } from "./event-list.mjs";
import { type LoadedPage, loadPage } from "./load.mjs";
import { connectMarks } from "./marks-panel.mjs";
import { Measuring } from "./measuring.mjs";
import { readSettings, writeSettings } from "./settings.mjs";

function firstState({ data }: LoadedPage): ViewState {
  const usable = usableMontages(data.signals.channels);
  const state: ViewState = {
    startSeconds: 0,
    cursorSeconds: -1,
    pageSeconds: 10,
    microvoltsPerMillimetre: 7,
    montage: usable[0] ?? "recorded",
    highPassHz: 1,
    lowPassHz: data.signals.sampleRateHz > 140 ? 70 : null,
    notchHz: null,
    ...data.filters,
    pixelsPerMillimetre: PIXELS_PER_MILLIMETRE,
    ...readSettings(usable),
  };
  return atHashTime(state, data.signals.durationSeconds);
}

/** The state at the time of the address, `#t=SECONDS`; unchanged where there is none. */
function atHashTime(state: ViewState, durationSeconds: number): ViewState {
  const time = Number(/(?:^#|&)t=([\d.]+)/.exec(location.hash)?.[1] ?? Number.NaN);
  return Number.isNaN(time) ? state : centredOn(state, time, durationSeconds);
}

type Change = (next: (state: ViewState) => ViewState) => void;

/** Paper gets the page in view, in light colours and at its own size. */
function connectPrinting(drawing: Drawing, draw: () => void): void {
  const print = (isPrinting: boolean) => {
    document.documentElement.classList.toggle("printing", isPrinting);
    draw();
    if (!isPrinting) return;
    flatten(drawing.eeg, drawing.over);
    for (const id of ["strip", "overview"]) flatten(byId<HTMLCanvasElement>(id));
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  byId("print-button").addEventListener("click", () => globalThis.print());
}

/** A click or drag on the overview moves the page there. */
function connectOverview(overview: HTMLCanvasElement, durationSeconds: number, change: Change): void {
  const seek = (event: MouseEvent) => {
    const at = timeAt(overview, event.clientX, { startSeconds: 0, seconds: durationSeconds });
    change((now) => startingAt(now, at - now.pageSeconds / 2, durationSeconds));
  };
  overview.addEventListener("pointerdown", seek);
  overview.addEventListener("pointermove", (event) => {
    if (event.buttons === 1) seek(event);
  });
}

/** The wheel moves the page; with Ctrl it is the zoom of the browser. */
function connectWheel(eeg: HTMLCanvasElement, move: (isForward: boolean) => void): void {
  eeg.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey) return;
      event.preventDefault();
      move((event.deltaY || event.deltaX) > 0);
    },
    { passive: false },
  );
}

function start(page: LoadedPage): void {
  const { data } = page;
  const { durationSeconds } = data.signals;
  const drawing = new Drawing(page);
  const { eeg, over, overview } = drawing;
  let state = firstState(page);
  let isDue = false;
  const drawOver = () => drawing.drawOver(marks.all, measuring.measured);
  const draw = () => {
    isDue = false;
    drawing.draw(state);
    drawOver();
  };
  const change: Change = (next) => {
    state = next(state);
    writeSettings(state);
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(draw);
  };
  const say = (text: string) => {
    byId("said").textContent = text;
  };
  const show = (seconds: number) => change((now) => centredOn(now, seconds, durationSeconds));
  const run = (action: Action) => {
    say("");
    change((now) => action.run(now, say));
  };
  const measuring = new Measuring(drawing, drawOver);
  const marks = connectMarks(data, { changed: drawOver, say, show, selection: () => measuring.selection });
  const mark: Action = {
    title: "mark the selection as a seizure",
    keys: ["a"],
    run(now, tell) {
      const { selection } = measuring;
      if (!selection) tell("drag over the EEG first: what is selected becomes a mark");
      else {
        marks.add({ ...selection, label: "seiz", note: "" });
        measuring.clear();
      }
      return now;
    },
  };
  const actions = { ...actionsOf(data), mark };
  connectControls(page, change);
  connectButtons(actions, run);
  connectKeys(actions, run);
  fillHelp(actions);
  fillEventList(data, show);
  connectGoTo(show, say);
  byId("help-button").addEventListener("click", toggleHelp);
  byId("help-close").addEventListener("click", toggleHelp);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") measuring.clear();
  });
  connectOverview(overview, durationSeconds, change);
  connectWheel(over, (isForward) => run(isForward ? actions.forward : actions.back));
  connectPrinting(drawing, draw);
  new ResizeObserver(() => change((now) => now)).observe(eeg);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => change((now) => now));
  addEventListener("hashchange", () => change((now) => atHashTime(now, durationSeconds)));
  draw();
  document.documentElement.dataset.ready = "true";
}

loadPage().then(start, (error: unknown) => {
  byId("said").textContent =
    `the page could not be unpacked: ${error instanceof Error ? error.message : String(error)}`;
  document.documentElement.dataset.ready = "failed";
});
