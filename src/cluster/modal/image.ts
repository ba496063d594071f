import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dirname } from "node:path/posix";
import { FormatError } from "@ictal/base/errors";
import { PROJECT_FILES, packFiles, unpackCommands } from "./archive.js";

/** How an image is built: a public base image, and commands in layers that are cached separately. */
export interface ImageRecipe {
  readonly base: string;
  readonly layers: readonly (readonly string[])[];
}

export interface Instruction {
  readonly word: string;
  readonly text: string;
}

/** The instructions of a Dockerfile, continued lines joined as they stand. */
export function parseDockerfile(text: string): Instruction[] {
  const joined = text
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replace(/\\\n\s*/g, " ");
  return joined
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => ({ word: line.replace(/\s.*$/, "").toUpperCase(), text: line }));
}

/** A sandbox has its own user, owner of files, command and volumes. */
const OUTSIDE = new Set(["USER", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD", "EXPOSE"]);

/** Name and default of `ARG name=default`. */
function argumentDefault(text: string): [name: string, value: string] {
  const [, name = "", value = ""] = /^\S+\s+([^=\s]+)=?(.*)$/.exec(text) ?? [];
  return [name, value];
}

/** The base image that FROM names, with the defaults of the ARGs before it. */
function baseOf(from: Instruction, args: readonly Instruction[], file: string): string {
  const defaults = new Map(args.map(({ text }) => argumentDefault(text)));
  const [, name = ""] = from.text.split(/\s+/);
  const base = name.replace(/\$\{?(\w+)\}?/g, (_, argument: string) => defaults.get(argument) ?? "");
  if (base !== "") return base;
  throw new FormatError(`"${from.text}" names no image; expected an image name, or an ARG with a default before it`, {
    file,
  });
}

function copiedPaths({ text }: Instruction, file: string): readonly string[] {
  const words = text.split(/\s+/).filter((word, index) => index > 0 && !word.startsWith("--chown="));
  const target = words.pop();
  const folder = target?.replace(/(.)\/$/, "$1"); // "./" and "." are one

  const isInPlace = words.every((word) => !word.startsWith("--") && (word === "." || dirname(word) === folder));
  if (words.length === 0 || !isInPlace)
    throw new FormatError(
      `"${text}" cannot be turned into an archive; expected COPY FILE… ./, COPY FOLDER/FILE FOLDER/ or COPY . .`,
      { file },
    );
  return words.length === 1 && words[0] === "." ? PROJECT_FILES : words;
}

/**
 * A recipe from a Dockerfile with one stage. The service copies nothing from here, so each COPY of the project becomes
 * an archive inside RUN commands, and starts a layer. FormatError for a COPY that is not into the working folder.
 */
export async function imageRecipe(projectDir: string, dockerfile = "deploy/Dockerfile"): Promise<ImageRecipe> {
  const file = join(projectDir, dockerfile);
  const instructions = parseDockerfile(await readFile(file, "utf8"));
  const start = instructions.findIndex(({ word }) => word !== "ARG");
  const [from, ...others] = start < 0 ? [] : instructions.slice(start);
  if (from?.word !== "FROM" || others.some(({ word }) => word === "FROM"))
    throw new FormatError(`expected one stage that starts with FROM, found ${from?.text ?? "nothing"}`, { file });
  const base = baseOf(from, instructions.slice(0, start), file);
  let layer: string[] = [];
  const layers = [layer];
  for (const instruction of others) {
    if (OUTSIDE.has(instruction.word)) continue;
    if (instruction.word !== "COPY") layer.push(instruction.text);
    else {
      layer = unpackCommands(await packFiles(projectDir, copiedPaths(instruction, file)));
      layers.push(layer);
    }
  }
  return { base, layers: layers.filter(({ length }) => length > 0) };
}
