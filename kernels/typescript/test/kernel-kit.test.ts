// jupyter_kernel_test on the kernel `ictal`: Debian's release, and pip's in the Python that ICTAL_TEST_PYTHON names.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { installKernelspec } from "../src/kernelspec.js";
import { packageDir } from "../src/project.js";
import { temporaryFolder } from "./make-notebook.js";

const PYTHONS = [...new Set(["/usr/bin/python3", process.env.ICTAL_TEST_PYTHON ?? "python3"])];
const SCRIPT = join(packageDir, "test/kernel-kit/ictal_kernel_test.py");

const hasKit = (python: string) => spawnSync(python, ["-c", "import jupyter_kernel_test"]).status === 0;

/** Runs the kit; the kernel's process starts in an empty folder. */
async function runKit(python: string): Promise<{ code: number; report: string }> {
  const folder = await temporaryFolder();
  await installKernelspec("ictal", { prefix: folder });
  const env = {
    ...process.env,
    JUPYTER_PATH: join(folder, "share/jupyter"),
    ICTAL_HISTORY: join(folder, "history.jsonl"),
  };
  try {
    return await new Promise((resolve) => {
      execFile(python, [SCRIPT, "-v"], { env, cwd: folder }, (error, _stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), report: stderr }),
      );
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

for (const python of PYTHONS)
  test(`jupyter_kernel_test of ${python === "/usr/bin/python3" ? "Debian" : "pip"} passes on the ictal kernel, nothing skipped`, {
    skip: !hasKit(python) && `${python} has no jupyter_kernel_test`,
    timeout: 120_000,
  }, async (context) => {
    const { code, report } = await runKit(python);
    assert.equal(code, 0, report);
    assert.doesNotMatch(report, /\.\.\. skipped/);
    const count = Number(/Ran (\d+) tests/.exec(report)?.[1]);
    assert.ok(count >= 12, report);
    context.diagnostic(`${count} tests`);
  });
