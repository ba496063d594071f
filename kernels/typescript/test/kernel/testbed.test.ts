import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { findKernelspec, listKernelspecs } from "../../src/kernelspec.js";
import { startKernel, type TestKernel } from "./start-kernel.js";
import { CHECKS, PYTHON, type Snippets, typeScript } from "./testbed-checks.js";

/** tslab refuses whatever comes this soon after an error. */
const TSLAB_REST_MILLISECONDS = 300;

/** Runs every check on one kernel: what each found wrong, undefined for nothing. */
async function faultsOf(name: string, code: Snippets): Promise<Map<string, string | undefined>> {
  const kernel = await startKernel({ name });
  const faults = new Map<string, string | undefined>();
  try {
    for (const [check, run] of Object.entries(CHECKS)) {
      const fault = await run(kernel, code).then(
        () => undefined,
        (error: Error) => error.message.split("\n")[0],
      );
      faults.set(check, fault);
      if (check === "error_handling") await sleep(TSLAB_REST_MILLISECONDS);
    }
  } finally {
    await kernel.stop();
  }
  return faults;
}

const TSLAB_LACKS = [
  "iopub_welcome",
  "execute_input_broadcast",
  "history_request",
  "comm_info_request",
  "update_display_data",
  "execute_result",
  "rich_execute_result",
  "stdin_input_request",
  "comms_lifecycle",
  "interrupt_request",
  "shutdown_reply",
];

test("the ictal kernel passes the checks of kernel-testbed", async (context) => {
  let kernel: TestKernel | undefined;
  before(async () => {
    kernel = await startKernel({ name: "ictal" });
  });
  after(() => kernel?.stop());
  for (const [name, check] of Object.entries(CHECKS))
    await context.test(name, async () => void (await check(kernel!, typeScript("@ictal/jupyter"))));
});

test("tslab behind our launcher and ipykernel pass the checks that they are known to pass", async (context) => {
  const known = (await listKernelspecs()).map((spec) => spec.name);
  const peers: [string, Snippets, readonly string[]][] = [
    ["tslab", typeScript("ictal"), TSLAB_LACKS],
    ["python3", PYTHON, ["iopub_welcome", "shutdown_reply"]], // as releases before 7.2 do
  ];
  for (const [name, code, lacking] of peers) {
    if (!known.includes(name)) {
      context.diagnostic(`${name} is not installed`);
      continue;
    }
    const { displayName } = await findKernelspec(name);
    const faults = await faultsOf(name, code);
    const failed = [...faults].filter(([, fault]) => fault !== undefined);
    context.diagnostic(`${displayName}: ${faults.size - failed.length} of ${faults.size}`);
    for (const [check, fault] of failed) context.diagnostic(`  ${check}: ${fault}`);
    const unknown = failed.map(([check]) => check).filter((check) => !lacking.includes(check));
    assert.deepEqual(unknown, [], `${displayName} fails more than it is known to fail`);
  }
});
