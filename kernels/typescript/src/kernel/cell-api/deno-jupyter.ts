import { readFile } from "node:fs/promises";
import { UnsupportedError } from "@ictal/base/errors";
import { bundleOf, DISPLAY, type DisplayChannel } from "../../display.js";
import type { MimeBundle } from "../../wire/message.js";
import { type CommEvent, kernelHost } from "./host.js";

/** A value that shows itself. */
interface Shown {
  [DISPLAY](): MimeBundle;
}

type Template = (strings: TemplateStringsArray, ...values: unknown[]) => Shown;

/** What `Deno.jupyter` is in Deno's kernel, so that notebooks written for it run here. Cells alone see it. */
export interface DenoJupyter {
  /** The method by which a value shows itself. */
  readonly $display: typeof DISPLAY;
  /** Shows a value, or with `raw` a bundle of MIME types; with `update` in place of what has the same `display_id`. */
  display(value: unknown, options?: { raw?: boolean; update?: boolean; display_id?: string }): Promise<void>;
  /** Sends a message to all front ends: of displays, cleared output and comms. */
  broadcast(
    type: string,
    content: Record<string, unknown>,
    extra?: { metadata?: Record<string, unknown>; buffers?: Uint8Array[] },
  ): Promise<void>;
  /** The bundle that shows a value. */
  format(value: unknown): Promise<MimeBundle>;
  readonly html: Template;
  readonly md: Template;
  readonly svg: Template;
  /** A PNG or JPEG, by its bytes or the path of a file. */
  image(source: string | Uint8Array): Shown;
}

/** Under this symbol of the global object the code of cells finds it. */
export const DENO_KEY = "ictal.kernel.deno";

const channel = (): DisplayChannel => {
  const found = (globalThis as { [key: symbol]: DisplayChannel | undefined })[Symbol.for("ictal.display-channel")];
  if (found) return found;
  throw new UnsupportedError("Deno.jupyter needs the ictal kernel: run this in a notebook cell of that kernel");
};

const template =
  (mime: string): Template =>
  (strings, ...values) => {
    const text = String.raw({ raw: strings }, ...values);
    return { [DISPLAY]: () => ({ [mime]: text, "text/plain": text }) };
  };

const JPEG_START = [0xff, 0xd8];
const isJpeg = (bytes: Uint8Array): boolean => JPEG_START.every((byte, i) => bytes[i] === byte);

function imageBundle(bytes: Uint8Array): MimeBundle {
  const mime = isJpeg(bytes) ? "image/jpeg" : "image/png";
  return { [mime]: Buffer.from(bytes).toString("base64"), "text/plain": `[${mime}, ${bytes.length} bytes]` };
}

function sendComm(
  type: CommEvent["type"],
  content: Record<string, unknown>,
  extra: { metadata: Record<string, unknown>; buffers: Uint8Array[] },
) {
  const { comm_id: id, target_name: target, data = {} } = content;
  kernelHost()?.sendComm({
    type,
    id: String(id),
    data,
    ...extra,
    ...(typeof target === "string" ? { target } : {}),
  });
}

/** The object of the running kernel. */
export const denoJupyter: DenoJupyter = {
  $display: DISPLAY,
  async display(value, { raw = false, update = false, display_id } = {}) {
    const data = raw ? (value as MimeBundle) : await bundleOf(value); // raw says that it is a bundle
    const transient = display_id === undefined ? {} : { display_id };
    channel().send({ data, metadata: {}, transient }, update);
  },
  async broadcast(type, content, { metadata = {}, buffers = [] } = {}) {
    if (type === "display_data" || type === "update_display_data") {
      const {
        data,
        metadata: own = {},
        transient = {},
      } = content as { data?: MimeBundle; metadata?: object; transient?: object }; // by Jupyter's protocol
      channel().send({ data: data ?? {}, metadata: { ...own }, transient }, type === "update_display_data");
    } else if (type === "clear_output") kernelHost()?.clearOutput(content.wait === true);
    else if (type === "comm_open" || type === "comm_msg" || type === "comm_close")
      sendComm(type, content, { metadata, buffers });
    else
      throw new UnsupportedError(
        `Deno.jupyter.broadcast("${type}") is not supported: displays, clear_output and comms are`,
      );
  },
  format: async (value) => bundleOf(value),
  html: template("text/html"),
  md: template("text/markdown"),
  svg: template("image/svg+xml"),
  image(source) {
    const bundle = async () => imageBundle(typeof source === "string" ? await readFile(source) : source);
    return { [DISPLAY]: bundle } as unknown as Shown; // a promise of a bundle is shown, too
  },
};
