import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { FIGURE_MIME, type Figure, figureBundle } from "./figure-html.js";
import { tableBundle, tableOf } from "./table-html.js";
import type { DisplayContent, MimeBundle } from "./wire/message.js";

/** The method by which a value shows itself: returns a bundle of MIME type → data, or a promise of one. */
export const DISPLAY = Symbol.for("Jupyter.display");

/** Where the kernels of this project take displays: under `globalThis[Symbol.for("ictal.display-channel")]`. */
export interface DisplayChannel {
  /** Sends display_data, or update_display_data when `update` is true. */
  send(content: DisplayContent, update: boolean): void;
}

const CHANNEL = Symbol.for("ictal.display-channel");

const SHOW = Symbol.for("ictal.display");
const QUIET = Symbol.for("ictal.quiet");

/** A value on show; `update` puts another in its place. */
export interface DisplayHandle {
  readonly id: string;
  update(value: unknown): void;
}

interface Displayable {
  [DISPLAY](): MimeBundle | Promise<MimeBundle>;
}

const isDisplayable = (value: unknown): value is Displayable =>
  (typeof value === "object" || typeof value === "function") &&
  value !== null &&
  typeof (value as Partial<Displayable>)[DISPLAY] === "function";

/** Adds to a bundle what front ends need: stand-alone HTML for a figure that came as JSON alone, and a text twin. */
function completeBundle(bundle: MimeBundle): MimeBundle {
  const figure = bundle[FIGURE_MIME] as Figure | undefined;
  const png = bundle["image/png"];
  const text = bundle["text/plain"];
  if (figure && bundle["text/html"] === undefined) {
    const { [FIGURE_MIME]: _, ...rest } = bundle;
    const options = {
      ...(typeof png === "string" ? { altPngBase64: png } : {}),
      ...(typeof text === "string" ? { text } : {}),
    };
    return { ...rest, ...figureBundle(figure, options) };
  }
  return bundle;
}

/**
 * The display bundle of any value: what its Symbol.for("Jupyter.display") says; a table for arrays of records and data
 * frames; text for strings; else Node's own inspection.
 */
export function bundleOf(value: unknown): MimeBundle | Promise<MimeBundle> {
  if (isDisplayable(value)) {
    const bundle = value[DISPLAY]();
    return bundle instanceof Promise ? bundle.then(completeBundle) : completeBundle(bundle);
  }
  if (typeof value === "string") return { "text/plain": value };
  const table = tableOf(value);
  return table ? tableBundle(table) : { "text/plain": inspect(value, { depth: 4 }) };
}

/** Stock tslab, started without our launcher: one MIME type a message, the richest. */
function tslabChannel(): DisplayChannel | undefined {
  interface Tslab {
    newDisplay(): { raw(mime: string, data: unknown): void };
  }
  const host = (globalThis as { __tslab__?: { require(name: string): unknown } }).__tslab__;
  if (!host) return undefined;
  const tslab = host.require("tslab") as Tslab; // tslab's public module
  return {
    send({ data, transient }) {
      const mime =
        ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg"].find(
          (type) => data[type] !== undefined,
        ) ?? Object.keys(data)[0]!;
      const content = data[mime];
      const bytes =
        mime.startsWith("image/") && mime !== "image/svg+xml" ? Buffer.from(String(content), "base64") : content;
      const id = transient?.display_id ?? "";
      const shown = tslabDisplays.get(id) ?? tslab.newDisplay();
      tslabDisplays.set(id, shown);
      shown.raw(mime, typeof bytes === "object" && !Buffer.isBuffer(bytes) ? JSON.stringify(bytes) : bytes);
    },
  };
}

const tslabDisplays = new Map<string, { raw(mime: string, data: unknown): void }>();

const printChannel: DisplayChannel = {
  send({ data }) {
    const text = data["text/plain"] ?? data["text/markdown"] ?? `[${Object.keys(data).join(", ")}]`;
    process.stdout.write(`${text}\n`);
  },
};

function currentChannel(): DisplayChannel {
  const own = (globalThis as { [CHANNEL]?: DisplayChannel })[CHANNEL];
  return own ?? tslabChannel() ?? printChannel;
}

/**
 * Shows a value in the running cell and returns a handle whose `update` replaces it in place. Outside a kernel the text
 * twin is printed. A bundle that comes as a promise is shown when it is there.
 */
export function display(value: unknown): DisplayHandle {
  const id = randomUUID();
  let shown = false;
  const show = (next: unknown) => {
    const send = (data: MimeBundle) => {
      currentChannel().send({ data, metadata: {}, transient: { display_id: id } }, shown);
      shown = true;
    };
    const bundle = bundleOf(next);
    if (bundle instanceof Promise) void bundle.then(send);
    else send(bundle);
  };
  show(value);
  return { id, update: show, [QUIET]: true, [inspect.custom]: () => "[display]" } as DisplayHandle; // the marks are for kernels only
}

// A kernel shows the last value of a cell by this function when the value has DISPLAY, and nothing for a QUIET one.
(globalThis as { [SHOW]?: typeof display })[SHOW] = display;
