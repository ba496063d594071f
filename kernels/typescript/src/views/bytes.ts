import { types } from "node:util";
import { escapeHtml } from "@ictal/base/html";
import type { MimeBundle } from "../wire/message.js";
import { factsBundle } from "./facts.js";
import { formatBytes, formatCount, wellFormed } from "./format-value.js";
import { type ImageKind, imageKind } from "./image.js";

/** Larger images would make the notebook too heavy to open. */
const LARGEST_IMAGE_BYTES = 10 * 1024 * 1024;
const LINE_BYTES = 16;
const LINES = 8;

function imageBundle(bytes: Uint8Array, { mime, width, height }: ImageKind): MimeBundle {
  const kind = mime.slice("image/".length).replace("+xml", "").toUpperCase();
  const size = width === undefined ? "" : ` ${width} × ${height},`;
  const text = `${kind} image,${size} ${formatBytes(bytes.length)}`;
  if (bytes.length > LARGEST_IMAGE_BYTES)
    return { "text/plain": `${text}: not shown, the limit is ${formatBytes(LARGEST_IMAGE_BYTES)}` };
  if (mime === "image/svg+xml") return { [mime]: wellFormed(new TextDecoder().decode(bytes)), "text/plain": text };
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  if (mime !== "image/webp") return { [mime]: data, "text/plain": text };
  // Few front ends know WebP as an output of its own; every one shows it in HTML.
  return { "text/html": `<img alt="${escapeHtml(text)}" src="data:${mime};base64,${data}">`, "text/plain": text };
}

/** The first bytes by lines of sixteen: offset, hexadecimal, printable characters. */
function hexHead(bytes: Uint8Array): string {
  const count = Math.min(bytes.length, LINES * LINE_BYTES);
  const lines = Array.from({ length: Math.ceil(count / LINE_BYTES) }, (_, line) => {
    const part = bytes.subarray(line * LINE_BYTES, Math.min((line + 1) * LINE_BYTES, count));
    const hex = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = Array.from(part, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    return `${(line * LINE_BYTES).toString(16).padStart(4, "0")}  ${hex.padEnd(3 * LINE_BYTES - 1)}  ${text}`;
  });
  const left = bytes.length - count;
  return [...lines, ...(left > 0 ? [`… ${formatCount(left)} more bytes`] : [])].join("\n");
}

function bytesOf(value: unknown): { bytes: Uint8Array; name: string } | undefined {
  if (Buffer.isBuffer(value)) return { bytes: value, name: "Buffer" };
  if (types.isDataView(value))
    return { bytes: new Uint8Array(value.buffer, value.byteOffset, value.byteLength), name: "DataView" };
  if (!types.isAnyArrayBuffer(value)) return undefined;
  return { bytes: new Uint8Array(value), name: types.isArrayBuffer(value) ? "ArrayBuffer" : "SharedArrayBuffer" };
}

/**
 * Raw bytes: an image when they are one (PNG, JPEG, GIF, WebP, SVG; also in a Uint8Array), else, for Buffer, DataView
 * and ArrayBuffer, the first in hexadecimal. Undefined for anything else.
 */
export function bytesView(value: unknown): MimeBundle | undefined {
  const raw = bytesOf(value);
  const bytes = raw?.bytes ?? (types.isUint8Array(value) ? value : undefined);
  const image = bytes && imageKind(bytes);
  if (image) return imageBundle(bytes, image);
  if (!raw) return undefined;
  const { length } = raw.bytes;
  return factsBundle({
    heading: `${raw.name}(${formatCount(length)})`,
    facts: length < 1024 ? [] : [["size", formatBytes(length)]],
    values: hexHead(raw.bytes),
  });
}
