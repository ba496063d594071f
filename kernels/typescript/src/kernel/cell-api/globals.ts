import type { display } from "../../display.js";
import type { Comm } from "./comm.js";
import type { Kernel } from "./kernel.js";

/**
 * What cells find in the global scope beside Node's own. The language service reads this interface to type cells, the
 * kernel installs an object of this type.
 */
export interface KernelGlobals {
  /** Shows a value below the cell. */
  display: typeof display;
  /** Loads a CommonJS module as Node does, from the notebook's folder. */
  require: NodeJS.Require;
  /** The kernel that runs this cell: `kernel.signal` is aborted when the cell is interrupted. */
  kernel: Kernel;
  /** A channel between cells and the front end. */
  Comm: typeof Comm;
  /** Asks the person at the front end for a line of text and waits; an empty answer gives `fallback`, else "". */
  prompt(message?: string, fallback?: string): string;
  /** Asks a question and waits; true for yes. */
  confirm(message?: string): boolean;
  /** Asks for a line that is not shown and waits. */
  password(message?: string): string;
}
