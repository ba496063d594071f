/*
 * `npm run docs`: the documentation as a static site in results/docs: the documents of this repository, every command's help,
 * the notebooks as pages and the API, with search, without a network.
 *   node docs/build.mjs [--out DIR]      ends with 1 when a link leads nowhere
 */
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Application } from "typedoc";

const project = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { out: { type: "string", default: join(project, "results/docs") } } });
const out = resolve(values.out);
const work = join(project, ".build/docs");

/** Folders of documents and the headings of the site below which they stand. */
const SECTIONS = [
  { folder: "how-to", title: "How to", text: "Recipes, each for one thing that one wants to get done." },
  { folder: "reference", title: "Reference", text: "Commands, formats and outputs, to look things up in." },
  { folder: "explanation", title: "Why it is so", text: "Decisions, and the reasons for them." },
];
/** Documents outside docs/ that those inside link to. */
const BESIDE = [
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "environment.md",
  "notebooks/LOG.md",
  "kernels/typescript/README.md",
  "kernels/base/README.md",
];

const compiled = (path) => import(pathToFileURL(join(project, "dist/src", path)).href);
const isMarkdown = (name) => name.endsWith(".md");
const titleOf = (text, path) => /^# (.+)$/m.exec(text)?.[1] ?? basename(path, ".md");

/** A document with the title and the children that the site shows. */
function withFrontMatter(text, title, children) {
  const list = children.length === 0 ? [] : ["children:", ...children.map((path) => `  - ${path}`)];
  return ["---", `title: ${JSON.stringify(title)}`, ...list, "---", "", text].join("\n");
}

async function writeDocument(path, text, children = []) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, withFrontMatter(text, titleOf(text, path), children));
}

/** The help of every command, in the order of `ictal --help`. */
async function commandsText() {
  const { createProgram } = await compiled("cli/program.js");
  const { commandsOf } = await compiled("cli/help.js");
  const helpOf = (command) => {
    let text = "";
    command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 110 });
    command.outputHelp();
    return text.trim();
  };
  const program = await createProgram();
  const parts = commandsOf(program).map(({ name, command }) => `## ictal ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``);
  return `# Commands\n\nThe help of every command, as \`ictal COMMAND --help\` prints it.\n\n${parts.join("\n\n")}\n`;
}

/** The magics of the kernel's cells. */
async function magicsText() {
  const { MAGICS } = await import("@ictal/jupyter/kernel/magics/catalogue");
  const rows = MAGICS.map(({ usage, help }) => `| \`${usage.replaceAll("|", "\\|")}\` | ${help} |`);
  return `# Magics of the kernel\n\nWhat a cell can say besides TypeScript; \`%lsmagic\` lists the same.\n\n| write | does |\n| --- | --- |\n${rows.join("\n")}\n`;
}

/** The executed notebooks as pages, and the document that lists them. */
async function writeTutorials() {
  const { readNotebook } = await import("@ictal/jupyter/notebook/read-notebook");
  const { writeReport } = await import("@ictal/jupyter/report/report");
  const names = (await readdir(join(project, "notebooks"))).filter((name) => name.endsWith(".ipynb")).sort();
  await mkdir(join(work, "docs/tutorials"), { recursive: true });
  const lines = [];
  for (const name of names) {
    const notebook = await readNotebook(join(project, "notebooks", name));
    const page = join(work, "docs/tutorials", name.replace(/\.ipynb$/, ".html"));
    await writeReport(notebook, page);
    const first = notebook.cells.find(({ cell_type: kind }) => kind === "markdown");
    const text = [first?.source ?? ""].flat().join("");
    const question = text.split("\n").find((line) => line.trim() !== "" && !line.startsWith("#")) ?? "";
    lines.push(`- [${titleOf(text, name)}](tutorials/${basename(page)}). ${question.trim()}`);
  }
  const text = `# Tutorials\n\nThe notebooks of this repository, as they were run last. Each runs here by \`npm run notebook:exec -- notebooks/NAME.ipynb\`, or in JupyterLab by \`npm run lab\`.\n\n${lines.join("\n")}\n`;
  await writeDocument(join(work, "docs/tutorials.md"), text);
}

/** Copies the documents into a tree of their own, with titles and headings; gives those at the top of the site. */
async function writeDocuments() {
  await rm(work, { recursive: true, force: true });
  await writeTutorials();
  const tops = [join(work, "docs/tutorials.md")];
  await mkdir(join(work, "docs/reference"), { recursive: true });
  await writeDocument(join(work, "docs/reference/commands.md"), await commandsText());
  await writeDocument(join(work, "docs/reference/magics.md"), await magicsText());
  for (const { folder, title, text } of SECTIONS) {
    const source = join(project, "docs", folder);
    for (const name of (await readdir(source)).filter(isMarkdown))
      await writeDocument(join(work, "docs", folder, name), await readFile(join(source, name), "utf8"));
    const children = (await readdir(join(work, "docs", folder))).sort().map((name) => `./${folder}/${name}`);
    const top = join(work, "docs", `${folder}.md`);
    await writeDocument(top, `# ${title}\n\n${text}\n`, children);
    tops.push(top);
  }
  const flat = (await readdir(join(project, "docs"))).filter(isMarkdown).map((name) => `docs/${name}`);
  for (const path of [...flat, ...BESIDE]) {
    await writeDocument(join(work, path), await readFile(join(project, path), "utf8"));
    tops.push(join(work, path));
  }
  for (const path of ["notebooks/review.png", "notebooks/report.png"]) {
    await mkdir(join(work, "notebooks"), { recursive: true });
    await cp(join(project, path), join(work, path));
  }
  const readme = await readFile(join(project, "README.md"), "utf8");
  await writeFile(join(work, "README.md"), readme.replace(/^# .+\n/, "")); // the site has a heading
  return tops;
}

async function writeSite(documents) {
  const tsconfig = join(work, "tsconfig.json");
  const sources = ["src", "kernels/typescript/src"].map((folder) => join(project, folder, "**/*.ts"));
  const config = { extends: join(project, "tsconfig.base.json"), compilerOptions: { rootDir: project }, include: sources };
  await writeFile(tsconfig, JSON.stringify({ ...config, exclude: [join(project, "src/*/wasm")] }));
  const app = await Application.bootstrapWithPlugins({
    name: "Ictal",
    entryPoints: [join(project, "src/exports/*.ts"), join(project, "kernels/typescript/src/index.ts")],
    tsconfig,
    plugin: ["typedoc-plugin-missing-exports"],
    projectDocuments: documents,
    readme: join(work, "README.md"),
    skipErrorChecking: true, // the build has checked them
    searchInComments: true,
    searchInDocuments: true,
    excludePrivate: true,
    disableSources: true, // their links would name one commit
    disableGit: true,
    logLevel: "Error",
    validation: false,
  });
  const site = await app.convert();
  if (site === undefined) throw new Error("TypeDoc read no sources");
  await app.generateDocs(site, out);
}

/** Files of the site that are linked to and are not there: "page: link". */
async function brokenLinks() {
  const pages = (await readdir(out, { recursive: true })).filter((name) => name.endsWith(".html"));
  const known = new Map();
  const exists = (path) => {
    if (!known.has(path))
      known.set(
        path,
        stat(path).then(
          () => true,
          () => false,
        ),
      );
    return known.get(path);
  };
  const broken = [];
  for (const page of pages.filter((name) => !name.startsWith("media/"))) {
    const text = await readFile(join(out, page), "utf8");
    for (const [, link] of text.matchAll(/(?:href|src)="([^"#?]+)/g))
      if (!/^[a-z]+:/.test(link) && !(await exists(resolve(dirname(join(out, page)), decodeURI(link)))))
        broken.push(`${page}: ${link}`);
  }
  return { pages: pages.length, broken };
}

await writeSite(await writeDocuments());
const { pages, broken } = await brokenLinks();
for (const line of broken) console.error(`broken link: ${line}`);
console.log(`${pages} pages: ${relative(process.cwd(), join(out, "index.html"))}`);
if (broken.length > 0) process.exitCode = 1;
