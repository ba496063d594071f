import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect, types } from "node:util";
import { withoutControls } from "@ictal/base/printable";
import { FIGURE_MIME, type Figure, figureBundle } from "./figure-html.js";
import { builtInBundle } from "./views/built-in.js";
import { wellFormed } from "./views/format-value.js";
import { member } from "./views/member.js";
import type { DisplayContent, MimeBundle } from "./wire/message.js";

/** The method by which a value shows itself: returns a bundle of MIME type → data, or a promise of one. */
export const DISPLAY = Symbol.for("Jupyter.display");

/** Where the kernels of this project take displays: under `globalThis[Symbol.for("ictal.display-channel")]`. */
export interface DisplayChannel {
  /** Sends display_data, or update_display_data when `update` is true. */
  send(content: DisplayContent, update: boolean): void;
  /** What is still to be shown; the kernel calls each and waits for it before it reports a cell's end. */
  readonly pending?: Set<() => void | Promise<void>>;
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

const isDisplayable = (value: unknown): value is Displayable => typeof member(value, DISPLAY) === "function";

/** True for values that a cell does not show when they are its last: the handles of live displays. */
export const isQuiet = (value: unknown): boolean => member(value, QUIET) === true;

/** Adds to a bundle what front ends need: stand-alone HTML for a figure that came as JSON alone, and a text twin. */
function completeFigure(bundle: MimeBundle): MimeBundle {
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

/** What a value's own display returned, made fit for storing; throws what is wrong with it. */
function completeBundle(bundle: unknown): MimeBundle {
  if (typeof bundle !== "object" || bundle === null || Array.isArray(bundle))
    throw new TypeError(`it returned ${inspect(bundle, { depth: 0 })}; an object of MIME type → data was expected`);
  const entries = Object.entries(completeFigure(bundle as MimeBundle));
  return Object.fromEntries(entries.map(([mime, data]) => [mime, typeof data === "string" ? wellFormed(data) : data]));
}

/** The value as it would be shown without a display of its own, and what is wrong with that. */
async function fallbackBundle(value: unknown, error: unknown): Promise<MimeBundle> {
  const bundle = await builtInBundle(value);
  const reason = `its Symbol.for("Jupyter.display") failed: ${String(member(error, "message") ?? error)}`;
  return { "text/plain": `${bundle["text/plain"]}\n(${reason})` };
}

/**
 * The display bundle of any value: what its Symbol.for("Jupyter.display") returns, else the built-in view of its kind
 * (tables, typed arrays, tensors, images, errors, Maps …), else Node's own inspection. Neither throws nor rejects.
 */
export function bundleOf(value: unknown): MimeBundle | Promise<MimeBundle> {
  if (!isDisplayable(value)) return builtInBundle(value);
  try {
    const bundle: unknown = value[DISPLAY]();
    if (!types.isPromise(bundle)) return completeBundle(bundle);
    return bundle.then(completeBundle).catch((error: unknown) => fallbackBundle(value, error));
  } catch (error) {
    return fallbackBundle(value, error);
  }
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
    process.stdout.write(`${withoutControls(String(text))}\n`);
  },
};

function currentChannel(): DisplayChannel {
  const own = (globalThis as { [CHANNEL]?: DisplayChannel })[CHANNEL];
  return own ?? tslabChannel() ?? printChannel;
}

/** Shows a value in the running cell; outside a kernel its text twin is printed. */
export function display(value: unknown): void {
  void createSender(randomUUID())(value);
}

/** Shortest time between two updates of one display. */
const UPDATE_MILLISECONDS = 100;

/** A cell does not wait longer for the bundle of a value that it displayed. */
const LONGEST_WAIT_MILLISECONDS = 10_000;

/** Lets the kernel wait for `work` before it reports the cell's end. */
function settleInCell(work: Promise<void>): Promise<void> {
  const { pending } = currentChannel();
  const settle = () => Promise.race([work, sleep(LONGEST_WAIT_MILLISECONDS, undefined, { ref: false })]);
  pending?.add(settle);
  return work.finally(() => pending?.delete(settle));
}

/** Sends bundles of one display in the order in which they were asked for: one that comes too late is dropped. */
function createSender(
  id: string,
  metadata: Readonly<Record<string, unknown>> = {},
): (value: unknown) => void | Promise<void> {
  let asked = 0;
  let sent = 0;
  return (value) => {
    asked += 1;
    const turn = asked;
    const send = (data: MimeBundle) => {
      if (turn < sent) return;
      currentChannel().send({ data, metadata, transient: { display_id: id } }, sent > 0);
      sent = turn;
    };
    const bundle = bundleOf(value);
    return bundle instanceof Promise ? settleInCell(bundle.then(send)) : send(bundle);
  };
}

/** Calls `send` with the latest value at most ten times a second; the last one is never lost. */
function throttled(send: (value: unknown) => void | Promise<void>): (value: unknown) => void {
  let latest: unknown;
  let timer: NodeJS.Timeout | undefined;
  let sentAt = Number.NEGATIVE_INFINITY;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    currentChannel().pending?.delete(flush);
    sentAt = performance.now();
    const value = latest;
    latest = undefined;
    return send(value);
  };
  return (value) => {
    latest = value;
    if (timer) return;
    const wait = sentAt + UPDATE_MILLISECONDS - performance.now();
    if (wait <= 0) return void flush();
    timer = setTimeout(flush, wait);
    currentChannel().pending?.add(flush);
  };
}

/**
 * Shows a value as `display` does and returns a handle whose `update` replaces it in place, at most ten times a second:
 * of updates that come faster the latest is shown, and the last one always. A bundle that comes as a promise is shown
 * when it is there.
 */
export function liveDisplay(value: unknown): DisplayHandle {
  const id = randomUUID();
  // In the file too: by it our JupyterLab extension finds the output again after the page was loaded anew.
  const send = createSender(id, { ictal: { displayId: id } });
  void send(value);
  return { id, update: throttled(send), [QUIET]: true, [inspect.custom]: () => "[display]" } as DisplayHandle; // the marks are for kernels only
}

// A kernel shows the last value of a cell by this function when the value has DISPLAY, and nothing for a QUIET one.
(globalThis as { [SHOW]?: typeof display })[SHOW] = display;
