import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative, sep } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { UsageError } from "@ictal/base/action";
import { outputFor } from "./exec-args.js";
import type { NotebookStore } from "./verb-host.js";

/** A notebook to read, as a file on this machine. */
export interface InputPlace {
  /** As it was given. */
  readonly name: string;
  readonly path: string;
  /** True where `path` is a copy: what is beside the notebook is not beside it. */
  readonly isCopy: boolean;
}

/** Where an executed notebook goes. */
export interface OutputPlace {
  /** The file that the run writes; may hold `{NAME}` of a parameter. */
  readonly path: string;
  /** As it was given, or as `path`. */
  readonly name: string;
  /** Where the copies belong: "stdout", or an object of a store; undefined where `path` is the place itself. */
  readonly remote: "stdout" | "store" | undefined;
}

const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;
const isAddress = (word: string): boolean => SCHEME.test(word);

/** The files and addresses of one call; copies lie in a temporary folder. */
export class Places {
  readonly #store: NotebookStore | undefined;
  #folder: Promise<string> | undefined;
  #copies = 0;

  constructor(store: NotebookStore | undefined) {
    this.#store = store;
  }

  /** The store of an address; UsageError where there is none for it. */
  #storeOf(address: string): NotebookStore {
    if (this.#store && address.startsWith(this.#store.scheme)) return this.#store;
    const known = this.#store ? `files, - and ${this.#store.scheme} are` : "files and - are; copy it here first";
    throw new UsageError(`${SCHEME.exec(address)?.[1]}:// is not supported for notebooks: ${known}`);
  }

  async #copy(name: string, bytes: Uint8Array): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), "ictal-notebook-"));
    this.#copies += 1;
    const folder = join(await this.#folder, `in-${this.#copies}`);
    await mkdir(folder);
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  }

  /** A notebook by its file, `-` (standard input) or address. */
  async input(word: string, signal?: AbortSignal): Promise<InputPlace> {
    if (word === "-") {
      if (process.stdin.isTTY)
        throw new UsageError("- reads a notebook from standard input; pipe one into this command");
      return { name: word, path: await this.#copy("stdin.ipynb", await buffer(process.stdin)), isCopy: true };
    }
    if (word.startsWith("file://") || !isAddress(word)) {
      const path = word.startsWith("file://") ? fileURLToPath(word) : word;
      if (!existsSync(path)) throw new UsageError(`there is no notebook at ${path}`);
      return { name: path, path, isCopy: false };
    }
    const bytes = await this.#storeOf(word).read(word, signal);
    return { name: word, path: await this.#copy(basename(word), bytes), isCopy: true };
  }

  /** Where the executed `input` goes by `--output`; with `several` notebooks a file alone is refused. */
  async output(input: InputPlace, option: string | undefined, several: boolean): Promise<OutputPlace> {
    const isPiped = option === "-" || (option === undefined && input.name === "-");
    if (!isPiped && !(option && isAddress(option))) {
      const path = outputFor(input.path, option, several);
      return { path, name: path, remote: undefined };
    }
    if (isPiped && several) throw new UsageError("--output - takes one notebook; name a folder for several");
    this.#folder ??= mkdtemp(join(tmpdir(), "ictal-notebook-"));
    const folder = join(await this.#folder, "out");
    if (isPiped) return { path: join(folder, "stdout.ipynb"), name: "-", remote: "stdout" };
    const { scheme } = this.#storeOf(option!); // not piped: there is one
    const name = option!.endsWith(".ipynb")
      ? outputFor(input.path, option, several)
      : `${option!.replace(/\/+$/, "")}/${basename(input.path)}`;
    const parts = name.slice(scheme.length).split("/");
    if (parts.length < 2 || parts.some((part) => part === "" || part === "." || part === ".."))
      throw new UsageError(
        `--output ${option} names no object: ${scheme}BUCKET/FOLDER or ${scheme}BUCKET/NAME.ipynb was expected`,
      );
    return { path: join(folder, ...parts), name, remote: "store" };
  }

  /** The address of a file that a run wrote to the `path` of an output in a store. */
  async addressOf(file: string): Promise<string> {
    const folder = join(await this.#folder!, "out"); // made by output()
    return this.#store!.scheme + relative(folder, file).split(sep).join("/"); // output() has asked for it
  }

  /**
   * Stores the notebook as it is where it will be stored executed: a store that refuses is told before anything runs. A name
   * that parameters are to fill is not tried.
   */
  async tryOutput({ name, remote }: OutputPlace, input: InputPlace, signal?: AbortSignal): Promise<void> {
    if (remote === "store" && !name.includes("{")) await this.#store!.write(name, await readFile(input.path), signal); // output() has asked for it
  }

  /** Sends a file to its address. */
  async deliver(file: string, signal?: AbortSignal): Promise<void> {
    await this.#store!.write(await this.addressOf(file), await readFile(file), signal); // output() has asked for it
  }

  /** Removes the copies. */
  async close(): Promise<void> {
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true });
  }
}
