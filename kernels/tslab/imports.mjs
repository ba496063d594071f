import Module from "node:module";
import { join } from "node:path";

/**
 * Lets cells import "ictal" wherever the notebook lies, without a link in node_modules. tslab's compiler resolves as
 * TypeScript's Node10 does, which knows neither self-reference nor `exports`: paths below any node_modules/ictal are
 * read from the project instead, and require("ictal") gives the project's own build.
 */
export function offerProject(typescript, project) {
  const root = project.replaceAll("\\", "/");
  const place = (path) => path.replace(/^.*\/node_modules\/ictal(?=\/|$)/, () => root);
  for (const method of [
    "fileExists",
    "readFile",
    "directoryExists",
    "getDirectories",
    "realpath",
    "watchFile",
    "getModifiedTime",
  ]) {
    const original = typescript.sys[method];
    if (original) typescript.sys[method] = (path, ...rest) => original.call(typescript.sys, place(path), ...rest);
  }
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    const target = request === "ictal" ? join(project, "dist/src/index.js") : request;
    return resolve.call(this, target, ...rest);
  };
}
