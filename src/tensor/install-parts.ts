import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lastLines, runToEnd } from "@ictal/base/command";
import { UnsupportedError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { packageDir } from "./optional.js";
import { WEBGPU_DIR, WEBGPU_PACKAGES } from "./webgpu-backend.js";

/** Executors whose native parts are fetched on request, by no more than a command. */
export type InstallableName = "webgpu" | "onnx-cuda";

/** Dawn and tfjs's backend for it, in a folder of their own. npm takes up what a cut-off installation left. */
async function installWebgpu(): Promise<void> {
  await makeFolder(WEBGPU_DIR);
  await writeFile(join(WEBGPU_DIR, "package.json"), '{ "private": true }\n');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps", "--no-save", "--no-progress"];
  const { code, output } = await runToEnd("npm", ["install", ...flags, "--prefix", WEBGPU_DIR, ...WEBGPU_PACKAGES]);
  if (code === 0) return;
  throw new UnsupportedError(`npm could not install ${WEBGPU_PACKAGES.join(" and ")}:\n${lastLines(output)}`);
}

/** ONNX Runtime's CUDA libraries, from NuGet, by the package's own script. */
async function installOnnxCuda(): Promise<void> {
  const dir = packageDir("onnxruntime-node");
  if (!dir) throw new UnsupportedError("the package onnxruntime-node is not installed: npm ci");
  const script = join(dir, "script/install.js");
  const { code, output } = await runToEnd(process.execPath, [script, "--onnxruntime-node-install=cuda12"], {
    cwd: dir,
  });
  if (code === 0) return;
  throw new UnsupportedError(
    `the CUDA libraries of onnxruntime-node could not be fetched (NuGet has them; deploy/air-gapped.sh brings them without a network):\n${lastLines(output)}`,
  );
}

/** Fetch the native parts of an executor; what is there stays. Throws UnsupportedError with the last lines of what failed. */
export const installParts: Readonly<Record<InstallableName, () => Promise<void>>> = {
  webgpu: installWebgpu,
  "onnx-cuda": installOnnxCuda,
};
