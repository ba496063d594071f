import { UnsupportedError } from "@ictal/base/errors";
import type { Figure } from "../figure-html.js";
import { CHROMIUM_HINT, chromiumPath } from "./chromium.js";
import { type ImageOptions, openPainter } from "./figure-painter.js";

/**
 * A plotly figure as the bytes of a PNG, WebP or SVG file, drawn off line by the installed Chromium; on white paper when the
 * figure has none of its own. Rejects with an UnsupportedError without Chromium, with what plotly.js finds wrong,
 * and with the reason of an aborted `signal`.
 */
export async function figureImage(figure: Figure, options: ImageOptions = {}): Promise<Uint8Array> {
  options.signal?.throwIfAborted();
  const executable = chromiumPath();
  if (!executable) throw new UnsupportedError(`figures cannot be drawn as images here; ${CHROMIUM_HINT}`);
  const painter = await openPainter(executable);
  try {
    return await painter.paint(figure, options);
  } finally {
    await painter.close();
  }
}
