import type { FrameLayout } from "../cache/format.js";
import { createPlainDecoder, type FrameDecoder } from "./decode.js";

/** The fastest decoder for a layout. */
export function createDecoder(layout: FrameLayout): FrameDecoder {
  return createPlainDecoder(layout);
}
