import { fileURLToPath } from "node:url";

/** Absolute path of the project: the folder that holds package.json, kernels/ and notebooks/. */
export const projectRoot = fileURLToPath(new URL("../../../", import.meta.url)).replace(/[\\/]$/, ""); // from dist/src/notebook/
