// AssemblyScript. The hot loops of the signal chain for WebAssembly SIMD; each has a plain TypeScript reference in src/signal
// that does the same operations in the same order, so that both give the same bits. All addresses are bytes of the
// module's memory. A group is four channels, interleaved: sample i of lane l is the float64 at 32 * i + 8 * l.

export { decode16 } from "../../base/wasm/decode";
export { filterGroup } from "./biquads";
export { decodeRecords, extremes } from "./decode";
export { dequantizeRuns } from "./dequantize";
export { polyphase } from "./polyphase";
export { projectGroup, projectRow } from "./project";
export { quantize } from "./quantize";
export { roundGroup, sumGroup } from "./round";
