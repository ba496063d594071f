import Module from "node:module";
import { join } from "node:path";

const RETAINED = new Set(["zod"]); // types of our own that are inferred through this package
const BARE_IMPORT = /\b(from|import)(\s*\(?\s*)"([^."][^"]*)"/g;

/**
 * Declarations of the project without the types of large packages (AWS, tensorflow.js, …), which become `any`: the
 * first import then reads a third of the files. A cell that imports such a package itself gets its types.
 */
function withoutLargePackages(declarations) {
  return declarations.replace(BARE_IMPORT, (whole, word, space, name) =>
    Module.isBuiltin(name) || RETAINED.has(name) ? whole : `${word}${space}"ictal:untyped"`,
  );
}

/**
 * Lets cells import "ictal" wherever the notebook lies, without a link in node_modules. tslab's compiler resolves as
 * TypeScript's Node10 does, which knows neither self-reference nor `exports`: paths below any node_modules/ictal are
 * read from the project instead, and require("ictal") gives the project's own build.
 */
export function offerProject(typescript, project) {
  const root = project.replaceAll("\\", "/");
  const place = (path) =>
    path
      .replace(/^.*\/node_modules\/ictal\/([a-z]+)(?=\.(?:d\.)?ts$)/, (_, door) => `${root}/dist/src/exports/${door}`)
      .replace(/^.*\/node_modules\/ictal(?=\/|$)/, () => root);
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
  const { readFile } = typescript.sys;
  typescript.sys.readFile = (path, ...rest) => {
    const text = readFile(path, ...rest);
    const isOwn = text !== undefined && path.endsWith(".d.ts") && place(path).startsWith(`${root}/dist/`);
    return isOwn ? withoutLargePackages(text) : text;
  };
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    const door = /^ictal\/([a-z]+)$/.exec(request)?.[1];
    if (request === "ictal") return resolve.call(this, join(project, "dist/src/index.js"), ...rest);
    return resolve.call(this, door ? join(project, `dist/src/exports/${door}.js`) : request, ...rest);
  };
}
