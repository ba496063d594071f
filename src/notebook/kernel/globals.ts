import type { display } from "../display.js";

/**
 * What cells find in the global scope beside Node's own. The language service reads this interface to type cells, the
 * kernel installs an object of this type.
 */
export interface KernelGlobals {
  /** Shows a value below the cell. */
  display: typeof display;
  /** Loads a CommonJS module as Node does, from the notebook's folder. */
  require: NodeJS.Require;
}
