import { randomUUID } from "node:crypto";
import type { DisplayChannel } from "../../display.js";

/** What tslab's own module offers to cells; here it speaks to this kernel. */
interface TslabDisplay {
  javascript(text: string): void;
  html(text: string): void;
  markdown(text: string): void;
  latex(text: string): void;
  svg(text: string): void;
  png(bytes: Uint8Array): void;
  jpeg(bytes: Uint8Array): void;
  gif(bytes: Uint8Array): void;
  pdf(bytes: Uint8Array): void;
  text(text: string): void;
  raw(contentType: string, data: string | Uint8Array): void;
}

const MIME_TYPES = {
  javascript: "text/javascript",
  html: "text/html",
  markdown: "text/markdown",
  latex: "text/latex",
  svg: "image/svg+xml",
  png: "image/png",
  jpeg: "image/jpeg",
  gif: "image/gif",
  pdf: "application/pdf",
  text: "text/plain",
} as const;

function send(mime: string, data: string | Uint8Array, id: string | undefined, update: boolean): void {
  const channel = (globalThis as Record<symbol, unknown>)[Symbol.for("ictal.display-channel")] as
    | DisplayChannel
    | undefined; // what display.ts documents under this key
  const content = typeof data === "string" ? data : Buffer.from(data).toString("base64");
  channel?.send({ data: { [mime]: content }, metadata: {}, transient: id ? { display_id: id } : {} }, update);
}

function createDisplay(id: string | undefined): TslabDisplay {
  let isShown = false;
  const raw = (mime: string, data: string | Uint8Array) => {
    send(mime, data, id, isShown && id !== undefined);
    isShown = true;
  };
  const shorthands = Object.entries(MIME_TYPES).map(([name, mime]) => [
    name,
    (data: string | Uint8Array) => raw(mime, data),
  ]);
  return { ...(Object.fromEntries(shorthands) as Omit<TslabDisplay, "raw">), raw }; // one function per MIME type
}

/** The module `tslab` for notebooks that were written for that kernel: `display`, `newDisplay` and `versions`. */
export function tslabModule(): Record<string, unknown> {
  const exported = {
    display: createDisplay(undefined),
    newDisplay: () => createDisplay(randomUUID()),
    versions: { tslab: "none: the ictal kernel", typescript: "", node: process.version },
  };
  return { ...exported, default: exported };
}
