/**
 * What cells, scripts and other programs may use of this package. Other modules are importable by path, and may change.
 * @module @ictal/jupyter
 */
export { figureImage } from "./browser/figure-image.js";
export type { ImageOptions } from "./browser/figure-painter.js";
export { bundleOf, DISPLAY, type DisplayHandle, display, liveDisplay } from "./display.js";
export { createDisplayProgress } from "./display-progress.js";
export { Comm, type CommExtras, type CommReceived } from "./kernel/cell-api/comm.js";
export { type Kernel, kernel } from "./kernel/cell-api/kernel.js";
export { findKernelspec, installKernelspec, type Kernelspec, listKernelspecs, removeKernelspec } from "./kernelspec.js";
export { readNotebook } from "./notebook/read-notebook.js";
export { output } from "./output-value.js";
export { writeReport } from "./report/report.js";
export { executeNotebook } from "./runner/execute.js";
export type { ExecuteOptions, RunResult } from "./runner/execute-options.js";
export type { Button } from "./widgets/boxes.js";
export type { Control, Widget } from "./widgets/control.js";
export { controls } from "./widgets/controls.js";
export { type Interaction, interact } from "./widgets/interact.js";
