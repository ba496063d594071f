import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../../src/store/memory-store.js";
import { injectFaults } from "../../src/store/server/fault-injection.js";
import { patternBytes } from "./s3-fixture.js";

test("after every temporary fault that injectFaults injects the copy is whole, and resumed where bytes had arrived", async () => {
  const results = await injectFaults(memoryStore({ "a/b.edf": patternBytes(3_000_000) }), "a/b.edf");
  const whole = results.filter(({ isWhole }) => isWhole).map(({ fault }) => fault);
  assert.deepEqual(
    results.filter(({ isWhole }) => !isWhole).map(({ fault }) => fault),
    ["access-denied"],
  );
  assert.equal(whole.length, 8);
  const stalled = results.find(({ fault }) => fault === "stall")!;
  assert.equal(stalled.requests.length, 2);
  assert.match(stalled.requests[1]!, /^bytes=[1-9]\d+-2999999$/);
  assert.match(results.find(({ fault }) => fault === "access-denied")!.outcome, /denies/);
});
