import type { Command } from "commander";
import { installKernelspec, listKernelspecs, removeKernelspec } from "../notebook/kernelspec.js";
import { action, UsageError } from "./action.js";

interface PlaceOptions {
  user?: boolean;
  prefix?: string;
}

function checkPlace(options: PlaceOptions): { prefix?: string } {
  if (options.user && options.prefix) throw new UsageError("--user and --prefix exclude each other; give one of them");
  return options.prefix ? { prefix: options.prefix } : {};
}

/** Adds `ictal kernel install|list|remove`. */
export function addKernelCommand(program: Command): void {
  const kernel = program.command("kernel").description("install, list and remove Jupyter kernels (no Python needed)");
  kernel
    .command("install")
    .description("make this project's kernels known to Jupyter")
    .argument("[kernel]", "tslab or ictal", "tslab")
    .option("--user", "into the user's Jupyter data folder (default)")
    .option("--prefix <dir>", "into <dir>/share/jupyter, e.g. a virtual environment")
    .option("--name <name>", "name under which Jupyter lists it (default: the kernel's own)")
    .option("--display-name <text>", "what Jupyter's launcher shows")
    .option("--json", "print JSON")
    .action(
      action(async (name: string, options: PlaceOptions & { name?: string; displayName?: string }) => {
        const place = checkPlace(options);
        const directory = await installKernelspec(name, {
          ...place,
          ...(options.name ? { as: options.name } : {}),
          ...(options.displayName ? { displayName: options.displayName } : {}),
        });
        return { json: { kernel: name, directory }, text: `installed ${name} in ${directory}` };
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
        const text = specs.map(
          (spec) => `${spec.name.padEnd(width)}  ${spec.displayName} (${spec.language || "?"})  ${spec.directory}`,
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
