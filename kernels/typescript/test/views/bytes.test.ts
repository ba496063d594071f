import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { bundleOf } from "../../src/display.js";
import { imageKind } from "../../src/views/image.js";

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))));

/** Head of a PNG file of 3 × 2 pixels; enough for its kind and size. */
const png = bytes(
  "\x89PNG\r\n\x1a\n",
  [0, 0, 0, 13],
  "IHDR",
  [0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0],
  [...deflateSync("")],
);
const gif = bytes("GIF89a", [5, 0, 4, 0, 0, 0, 0]);
const jpeg = bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2], [0xff, 0xc0, 0, 11, 8, 0, 7, 0, 9, 1, 1, 0x11, 0]);
const lossless = bytes("RIFF", [0, 0, 0, 0], "WEBPVP8L", [0, 0, 0, 0, 0x2f, 9, 0xc0, 1, 0, 0, 0, 0, 0, 0, 0]);
const extended = bytes("RIFF", [0, 0, 0, 0], "WEBPVP8X", [10, 0, 0, 0, 0, 0, 0, 0, 19, 0, 0, 29, 0, 0]);
const svg = Buffer.from('<?xml version="1.0"?>\n<!-- a\nb -->\n<svg xmlns="http://www.w3.org/2000/svg"/>');

test("images are told by their first bytes, with their size in pixels", () => {
  assert.deepEqual(imageKind(png), { mime: "image/png", width: 3, height: 2 });
  assert.deepEqual(imageKind(gif), { mime: "image/gif", width: 5, height: 4 });
  assert.deepEqual(imageKind(jpeg), { mime: "image/jpeg", width: 9, height: 7 });
  assert.deepEqual(imageKind(lossless), { mime: "image/webp", width: 10, height: 8 });
  assert.deepEqual(imageKind(extended), { mime: "image/webp", width: 20, height: 30 });
  assert.deepEqual(imageKind(svg), { mime: "image/svg+xml" });
  for (const text of ["", "<p>svg</p>", "GIF", "\xff\xd8", "no <svg> at the start"])
    assert.equal(imageKind(Buffer.from(text, "latin1")), undefined, text);
});

test("bytes of an image show as the image, in a Buffer, a Uint8Array or an ArrayBuffer", async () => {
  const expected = { "image/png": png.toString("base64"), "text/plain": `PNG image, 3 × 2, ${png.length} B` };
  assert.deepEqual(await bundleOf(png), expected);
  assert.deepEqual(await bundleOf(new Uint8Array(png)), expected);
  assert.deepEqual(await bundleOf(new Uint8Array(png).buffer), expected);
  const drawn = await bundleOf(svg);
  assert.deepEqual(drawn, { "image/svg+xml": svg.toString(), "text/plain": `SVG image, ${svg.length} B` });
  assert.match(String((await bundleOf(lossless))["text/html"]), /^<img alt="WEBP image, 10 × 8, 31 B" src="data:image/);
});

test("an image too large for a notebook is named and not shown", async () => {
  const large = Buffer.concat([png, Buffer.alloc(11 * 2 ** 20)]);
  assert.deepEqual(await bundleOf(large), {
    "text/plain": "PNG image, 3 × 2, 11 MB: not shown, the limit is 10 MB",
  });
});

test("other bytes show their head in hexadecimal; a Uint8Array that is no image shows its values", async () => {
  const lines = String((await bundleOf(Buffer.from("0123456789abcdef\x00<")))["text/plain"]).split("\n");
  assert.deepEqual(lines, [
    "Buffer(18)",
    "0000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef",
    "0010  00 3c                                            .<",
  ]);
  assert.match(String((await bundleOf(Buffer.alloc(500)))["text/plain"]), /… 372 more bytes$/);
  assert.match(String((await bundleOf(new SharedArrayBuffer(2)))["text/plain"]), /^SharedArrayBuffer\(2\)/);
  assert.match(String((await bundleOf(new Uint8Array([1, 2])))["text/plain"]), /^Uint8Array\(2\)\n {2}values: 1 to 2/);
});
