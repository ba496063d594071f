import { layoutOf } from "./draw-eeg.mjs";
import { timeAt } from "./draw-strips.mjs";
import type { Drawing } from "./drawing.mjs";
import { type Measurement, rowAt } from "./measure.mjs";

/** A drag over the traces measures and selects, a moving pointer reads; Escape ends it. */
export class Measuring {
  #measured: Measurement | undefined;
  #isDragging = false;
  readonly #drawing: Drawing;
  readonly #changed: () => void;

  constructor(drawing: Drawing, changed: () => void) {
    this.#drawing = drawing;
    this.#changed = changed;
    const { over } = drawing;
    over.addEventListener("pointerdown", (event) => this.#begin(event));
    over.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"] as const)
      over.addEventListener(name, () => {
        this.#isDragging = false;
      });
    over.addEventListener("pointerleave", () => {
      if (!this.selection) this.clear();
    });
  }

  get measured(): Measurement | undefined {
    return this.#measured;
  }

  /** The times that are selected, in order. */
  get selection(): { startSeconds: number; endSeconds: number } | undefined {
    if (!this.#measured || this.#measured.startSeconds === this.#measured.endSeconds) return undefined;
    const [startSeconds, endSeconds] = [this.#measured.startSeconds, this.#measured.endSeconds].sort((a, b) => a - b);
    return { startSeconds: startSeconds!, endSeconds: endSeconds! };
  }

  clear(): void {
    this.#measured = undefined;
    this.#changed();
  }

  #timeOf(event: PointerEvent): number | undefined {
    const { shown, over } = this.#drawing;
    return (
      shown && timeAt(over, event.clientX, { startSeconds: shown.state.startSeconds, seconds: shown.state.pageSeconds })
    );
  }

  #begin(event: PointerEvent): void {
    const { shown, over } = this.#drawing;
    const at = this.#timeOf(event);
    if (event.button !== 0 || at === undefined || !shown) return;
    const { top, height } = over.getBoundingClientRect();
    const row = rowAt(layoutOf(shown, height), event.clientY - top);
    this.#isDragging = true;
    over.setPointerCapture(event.pointerId);
    this.#measured = { startSeconds: at, endSeconds: at, row };
    this.#changed();
  }

  #move(event: PointerEvent): void {
    const { shown, over } = this.#drawing;
    const at = this.#timeOf(event);
    if (at === undefined || !shown) return;
    if (this.#isDragging && this.#measured) this.#measured = { ...this.#measured, endSeconds: at };
    else if (this.selection || event.pointerType === "touch") return;
    else {
      const { top, height } = over.getBoundingClientRect();
      this.#measured = { startSeconds: at, endSeconds: at, row: rowAt(layoutOf(shown, height), event.clientY - top) };
    }
    this.#changed();
  }
}
