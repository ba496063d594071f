/** An image by its first bytes: MIME type and, where its header has it, its size in pixels. */
export interface ImageKind {
  readonly mime: "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/svg+xml";
  readonly width?: number;
  readonly height?: number;
}

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

function viewOfBytes(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Size from the frame header of a JPEG (ITU T.81, B.2.2): segments are skipped up to the first SOF marker. */
function jpegSize(bytes: Uint8Array): { width?: number; height?: number } {
  const view = viewOfBytes(bytes);
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return {};
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return {};
}

/** Size from the first chunk of a WebP file: lossy, lossless or extended. */
function webpSize(bytes: Uint8Array): { width?: number; height?: number } {
  if (bytes.length < 30) return {};
  const view = viewOfBytes(bytes);
  const chunk = ascii(bytes, 12, 16);
  if (chunk === "VP8 ") return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (chunk === "VP8L") {
    const packed = view.getUint32(21, true);
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
  }
  const uint24 = (at: number) => view.getUint16(at, true) | (bytes[at + 2]! << 16);
  return chunk === "VP8X" ? { width: uint24(24) + 1, height: uint24(27) + 1 } : {};
}

const SVG_START = /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--[\s\S]*?-->\s*)*(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i;

/** What image the bytes are: PNG, JPEG, GIF, WebP or SVG; undefined for anything else. */
export function imageKind(bytes: Uint8Array): ImageKind | undefined {
  const view = viewOfBytes(bytes);
  if (bytes.length >= 24 && ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n")
    return { mime: "image/png", width: view.getUint32(16), height: view.getUint32(20) };
  if (bytes.length >= 10 && /^GIF8[79]a$/.test(ascii(bytes, 0, 6)))
    return { mime: "image/gif", width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (bytes.length >= 4 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff)
    return { mime: "image/jpeg", ...jpegSize(bytes) };
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP")
    return { mime: "image/webp", ...webpSize(bytes) };
  return SVG_START.test(new TextDecoder().decode(bytes.subarray(0, 2048))) ? { mime: "image/svg+xml" } : undefined;
}
