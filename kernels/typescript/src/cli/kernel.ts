import { action, UsageError } from "@ictal/base/action";
import { collect, parseCount } from "@ictal/base/flags";
import { printable } from "@ictal/base/printable";
import { type Command, InvalidArgumentError } from "commander";
import { type InstallOptions, installKernelspec, listKernelspecs, removeKernelspec } from "../kernelspec.js";

interface PlaceOptions {
  user?: boolean;
  prefix?: string;
}

function checkPlace(options: PlaceOptions): { prefix?: string } {
  if (options.user && options.prefix) throw new UsageError("--user and --prefix exclude each other; give one of them");
  return options.prefix ? { prefix: options.prefix } : {};
}

interface InstallFlags extends PlaceOptions {
  name?: string;
  displayName?: string;
  maxOldSpaceSize?: number;
  nodeOption?: string[];
  env?: string[];
  papermill?: string;
}

function parseNodeOption(text: string, earlier: string[] | undefined): string[] {
  if (/^--?[A-Za-z]/.test(text)) return collect(text, earlier);
  throw new InvalidArgumentError("a flag of Node was expected, e.g. --node-option=--max-semi-space-size=64");
}

function parseEnv(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(pair) ?? [];
      if (name === undefined)
        throw new UsageError(`--env ${pair}: NAME=VALUE was expected, e.g. --env OMP_NUM_THREADS=4`);
      return [name, value!];
    }),
  );
}

function installOptions(flags: InstallFlags): InstallOptions {
  const memory = flags.maxOldSpaceSize === undefined ? [] : [`--max-old-space-size=${flags.maxOldSpaceSize}`];
  return {
    ...checkPlace(flags),
    ...(flags.name ? { as: flags.name } : {}),
    ...(flags.displayName ? { displayName: flags.displayName } : {}),
    nodeOptions: [...memory, ...(flags.nodeOption ?? [])],
    env: parseEnv(flags.env ?? []),
  };
}

/** Adds `kernel install|list|remove`. */
export function addKernelCommand(program: Command): void {
  const kernel = program.command("kernel").description("install, list and remove Jupyter kernels (no Python needed)");
  kernel
    .command("install")
    .description("make the kernel known to Jupyter")
    .argument("[kernel]", "ictal; a checkout of the project also has tslab, the stock kernel", "ictal")
    .option("--user", "into the user's Jupyter data folder (default)")
    .option("--prefix <dir>", "into <dir>/share/jupyter, e.g. a virtual environment")
    .option("--name <name>", "name under which Jupyter lists it (default: the kernel's own)")
    .option("--display-name <text>", "what Jupyter's launcher shows")
    .option("--max-old-space-size <MB>", "memory that JavaScript objects may take", parseCount(64))
    .option("--node-option <flag>", "another flag for Node; repeatable", parseNodeOption)
    .option("--env <NAME=VALUE>", "environment variable for the kernel; repeatable", collect)
    .option(
      "--papermill <python>",
      "also let papermill of this Python give parameters to TypeScript notebooks (a module among its packages)",
    )
    .option("--json", "print JSON")
    .action(
      action(async (name: string, flags: InstallFlags) => {
        const { papermill: python } = flags;
        const papermill =
          python === undefined ? undefined : await (await import("../papermill.js")).installPapermillTranslator(python); // first: it may refuse
        const directory = await installKernelspec(name, installOptions(flags));
        const lines = [`installed ${name} in ${directory}`];
        if (papermill) lines.push(`papermill of ${python} takes parameters for TypeScript (module in ${papermill})`);
        return { json: { kernel: name, directory, ...(papermill ? { papermill } : {}) }, text: lines.join("\n") };
      }),
    );
  kernel
    .command("list")
    .description("list every kernel that a notebook can name")
    .option("--json", "print JSON")
    .action(
      action(async () => {
        const specs = await listKernelspecs();
        const width = Math.max(...specs.map((spec) => spec.name.length), 4);
        const text = specs.map((spec) =>
          printable(`${spec.name.padEnd(width)}  ${spec.displayName} (${spec.language || "?"})  ${spec.directory}`),
        );
        const kernels = specs.map(({ name, displayName, language, directory, origin }) => ({
          name,
          displayName,
          language,
          directory,
          origin,
        }));
        return { json: { kernels }, text: text.join("\n") || "no kernels found" };
      }),
    );
  kernel
    .command("remove")
    .description("take an installed kernel out of Jupyter's data folder")
    .argument("<name>", "name under which Jupyter lists it")
    .option("--user", "from the user's Jupyter data folder (default)")
    .option("--prefix <dir>", "from <dir>/share/jupyter")
    .option("--json", "print JSON")
    .action(
      action(async (name: string, options: PlaceOptions) => {
        const directory = await removeKernelspec(name, checkPlace(options));
        return { json: { kernel: name, directory }, text: `removed ${directory}` };
      }),
    );
}
