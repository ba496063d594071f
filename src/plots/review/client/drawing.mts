import { deriveTraces } from "../view/derive.js";
import type { Mark } from "../view/marks.js";
import { type ViewMontage, viewMontage } from "../view/montages.js";
import type { ViewState } from "../view/state.js";
import { surfaceOf } from "./canvas.mjs";
import { byId, showState } from "./controls.mjs";
import { drawEeg } from "./draw-eeg.mjs";
import { drawMarks } from "./draw-marks.mjs";
import { drawOverview, drawPageStrip } from "./draw-strips.mjs";
import type { LoadedPage } from "./load.mjs";
import { drawMeasurement, type Measurement, type Shown } from "./measure.mjs";
import { tracksOf } from "./tracks.mjs";

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

/** Draws all canvases of a page, and what lies over the traces. */
export class Drawing {
  readonly eeg = byId<HTMLCanvasElement>("eeg");
  readonly overview = byId<HTMLCanvasElement>("overview");
  readonly over = byId<HTMLCanvasElement>("over");
  readonly #strip = byId<HTMLCanvasElement>("strip");
  readonly #page: LoadedPage;
  readonly #tracesOf: ReturnType<typeof createTraces>;
  shown: Shown | undefined;

  constructor(page: LoadedPage) {
    this.#page = page;
    this.#tracesOf = createTraces(page);
  }

  draw(state: ViewState): void {
    const began = performance.now();
    const { data } = this.#page;
    const montage = viewMontage(state.montage, data.signals.channels);
    const stretch = { startSeconds: state.startSeconds, seconds: state.pageSeconds };
    const { derivations } = montage;
    const tracks = tracksOf(data);
    const traces = this.#tracesOf(state, montage);
    this.shown = { state, derivations, traces, trackCount: tracks.length };
    const emptyText = "nothing to draw: the recording lacks the electrodes of every montage";
    drawEeg(surfaceOf(this.eeg), { tracks, state, derivations, traces, emptyText });
    drawPageStrip(surfaceOf(this.#strip), this.#page, stretch);
    drawOverview(surfaceOf(this.overview), this.#page, stretch);
    showState(state, this.#page, montage.missing);
    this.eeg.dataset.drawMilliseconds = (performance.now() - began).toFixed(1);
    this.eeg.dataset.state = JSON.stringify(state);
  }

  /** What a reader measures and has marked; drawn by itself, so that a moving cursor costs nothing. */
  drawOver(marks: readonly Mark[], measured: Measurement | undefined): void {
    const surface = surfaceOf(this.over);
    if (!this.shown) return;
    drawMarks(surface, this.shown, marks);
    if (measured) drawMeasurement(surface, this.shown, measured);
  }
}
