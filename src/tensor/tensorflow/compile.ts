import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { temporaryName } from "@ictal/base/atomic-file";
import { lastLines, runToEnd } from "@ictal/base/command";
import { UnsupportedError } from "@ictal/base/errors";
import { packageDir as findPackageDir } from "../optional.js";

/** The addon's sources inside the package, to be compiled. */
export const SOURCES = ["binding/tfjs_backend.cc", "binding/tfjs_binding.cc"] as const;
const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"] as const;
const HEADERS = ["include/tensorflow/c/c_api.h", "include/tensorflow/c/eager/c_api.h"] as const;
/** The Node-API of the package's published addon. */
const NODE_API = 8;

/** What an addon is compiled with. */
export interface Toolchain {
  readonly compiler: string;
  /** Folder of node_api.h. */
  readonly nodeHeaders: string;
}

/** The folder of Node's own headers: beside the program, else those of the npm package. */
function findNodeHeaders(node = process.execPath): string | undefined {
  const headers = findPackageDir("node-api-headers");
  return [join(dirname(node), "../include/node"), ...(headers ? [join(headers, "include")] : [])].find((dir) =>
    existsSync(join(dir, "node_api.h")),
  );
}

async function findCompiler(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const candidates = env.CXX ? [env.CXX] : ["g++", "c++", "clang++"];
  for (const candidate of candidates) if ((await runToEnd(candidate, ["--version"])).code === 0) return candidate;
  return undefined;
}

/** What there is to compile with, and a line on how to get each thing that is not there. */
export async function findToolchain(
  env: NodeJS.ProcessEnv = process.env,
  node = process.execPath,
): Promise<{ toolchain: Toolchain | undefined; missing: string[] }> {
  const compiler = await findCompiler(env);
  const nodeHeaders = findNodeHeaders(node);
  const missing: string[] = [];
  if (compiler === undefined) {
    missing.push(
      env.CXX
        ? `the C++ compiler that CXX names, "${env.CXX}", does not start`
        : "no C++ compiler (g++, c++, clang++) on PATH: install one (Debian: apt install g++), or name one with CXX",
    );
  }
  if (nodeHeaders === undefined) {
    missing.push(
      `no node_api.h in ${join(dirname(node), "../include/node")}: npm install --no-save node-api-headers@1.9.0 (Debian's own Node: apt install libnode-dev)`,
    );
  }
  return { toolchain: compiler && nodeHeaders ? { compiler, nodeHeaders } : undefined, missing };
}

/** Of a TensorFlow folder, the files for the addon that it lacks. */
export function missingParts(tensorflow: string): string[] {
  return [...HEADERS, ...LIBRARIES].filter((file) => !existsSync(join(tensorflow, file)));
}

/**
 * Compile the addon's sources in `packageDir` against the wheel's folder `tensorflow` into `out`, under a temporary name
 * until it is whole. It finds the libraries relative to itself, so the folder around both may move. Throws UnsupportedError with the
 * compiler's last lines; aborting the signal ends the compiler.
 */
export async function compileAddon(
  { compiler, nodeHeaders }: Toolchain,
  packageDir: string,
  tensorflow: string,
  out: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const temporary = temporaryName(out);
  const args = [
    "-std=gnu++17",
    "-O2",
    "-fPIC",
    "-shared",
    ...[`NAPI_VERSION=${NODE_API}`, "NODE_GYP_MODULE_NAME=tfjs_binding", "BUILDING_NODE_EXTENSION"].map(
      (d) => `-D${d}`,
    ),
    ...[nodeHeaders, join(tensorflow, "include")].map((dir) => `-I${dir}`),
    ...SOURCES.map((source) => join(packageDir, source)),
    `-L${tensorflow}`,
    ...LIBRARIES.map((library) => `-l:${library}`),
    `-Wl,-rpath,$ORIGIN/${relative(dirname(out), tensorflow)}`,
    "-o",
    temporary,
  ];
  const { code, output } = await runToEnd(compiler, args, { signal }).catch(async (error: unknown) => {
    await rm(temporary, { force: true });
    throw error;
  });
  if (code === 0) return rename(temporary, out);
  await rm(temporary, { force: true });
  throw new UnsupportedError(
    `${compiler} could not compile the addon against ${tensorflow} (2.16 to 2.21 are known to have what it calls):\n${lastLines(output)}`,
  );
}
