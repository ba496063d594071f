import assert from "node:assert/strict";
import { test } from "node:test";
import { interruptSignal, KERNEL_HOST } from "@ictal/base/interrupt-signal";

test("there is no interrupt signal outside a kernel, and inside it is that of the running cell", () => {
  assert.equal(interruptSignal(), undefined);
  const { signal } = new AbortController();
  Object.assign(globalThis, { [KERNEL_HOST]: { signal } });
  assert.equal(interruptSignal(), signal);
  Reflect.deleteProperty(globalThis, KERNEL_HOST);
});
