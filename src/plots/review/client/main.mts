import { deriveTraces } from "../view/derive.js";
import { usableMontages, type ViewMontage, viewMontage } from "../view/montages.js";
import { centredOn, startingAt, type ViewState } from "../view/state.js";
import { PIXELS_PER_MILLIMETRE } from "../view/steps.js";
import { type Action, actionsOf } from "./actions.mjs";
import { surfaceOf } from "./canvas.mjs";
import { byId, connectButtons, connectControls, connectKeys, fillHelp, showState, toggleHelp } from "./controls.mjs";
import { drawEeg } from "./draw-eeg.mjs";
import { drawOverview, drawPageStrip, timeAt } from "./draw-strips.mjs";
import { fillEventList } from "./event-list.mjs";
import { type LoadedPage, loadPage } from "./load.mjs";
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

/** Traces of the current page; they are cached, so that a change of amplitude computes nothing. */
function createTraces({ source }: LoadedPage) {
  let key = "";
  let traces: Float32Array[] = [];
  return (state: ViewState, montage: ViewMontage): Float32Array[] => {
    const from = Math.round(state.startSeconds * source.sampleRateHz);
    const to = from + Math.round(state.pageSeconds * source.sampleRateHz);
    const wanted = [from, to, state.montage, state.highPassHz, state.lowPassHz, state.notchHz].join();
    if (wanted !== key) traces = deriveTraces(source, montage, state, from, to);
    key = wanted;
    return traces;
  };
}

type Change = (next: (state: ViewState) => ViewState) => void;

/** The function that draws all canvases of a page. */
function createDrawing(page: LoadedPage, eeg: HTMLCanvasElement, overview: HTMLCanvasElement) {
  const { data, probability } = page;
  const strip = byId<HTMLCanvasElement>("strip");
  const tracesOf = createTraces(page);
  return (state: ViewState): void => {
    const began = performance.now();
    const montage = viewMontage(state.montage, data.signals.channels);
    const shown = { startSeconds: state.startSeconds, seconds: state.pageSeconds };
    const { derivations } = montage;
    const emptyText = "nothing to draw: the recording lacks the electrodes of every montage";
    drawEeg(surfaceOf(eeg), { data, state, derivations, traces: tracesOf(state, montage), emptyText });
    drawPageStrip(surfaceOf(strip), data, probability, shown);
    drawOverview(surfaceOf(overview), data, probability, shown);
    showState(state, page, montage.missing);
    eeg.dataset.drawMilliseconds = (performance.now() - began).toFixed(1);
    eeg.dataset.state = JSON.stringify(state);
  };
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
  const [eeg, overview] = [byId<HTMLCanvasElement>("eeg"), byId<HTMLCanvasElement>("overview")];
  const drawState = createDrawing(page, eeg, overview);
  let state = firstState(page);
  let isDue = false;
  const draw = () => {
    isDue = false;
    drawState(state);
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
  const run = (action: Action) => {
    say("");
    change((now) => action.run(now, say));
  };
  const actions = actionsOf(data);
  connectControls(page, change);
  connectButtons(actions, run);
  connectKeys(actions, run);
  fillHelp(actions);
  fillEventList(data, (seconds) => change((now) => centredOn(now, seconds, durationSeconds)));
  byId("help-button").addEventListener("click", toggleHelp);
  byId("help-close").addEventListener("click", toggleHelp);
  connectOverview(overview, durationSeconds, change);
  connectWheel(eeg, (isForward) => run(isForward ? actions.forward : actions.back));
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
