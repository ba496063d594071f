/** Where the kernel `ictal` offers what cells may ask of it. */
export const KERNEL_HOST = Symbol.for("ictal.kernel.host");

/** The signal that an interrupt of the running cell aborts; undefined outside the kernel `ictal`. */
export function interruptSignal(): AbortSignal | undefined {
  return (globalThis as { [KERNEL_HOST]?: { readonly signal: AbortSignal } })[KERNEL_HOST]?.signal;
}
