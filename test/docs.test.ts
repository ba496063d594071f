import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { project } from "./measure/sources.js";

const inDocs = readdirSync(join(project, "docs"), { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".md"),
);
const documents = ["README.md", "CONTRIBUTING.md", ...inDocs.map((name) => `docs/${name}`)];
const textOf = (path: string) => readFileSync(join(project, path), "utf8");
const present = (path: string) => existsSync(join(project, path));

test("every path that a document names in code exists", () => {
  const named = documents.flatMap((document) =>
    [...textOf(document).matchAll(/`((?:src|test|kernels|docs|configs|notebooks|deploy|\.ci)\/[\w./-]*)`/g)].flatMap(
      ([, path]) => (path === undefined || /NAME/.test(path) ? [] : [{ document, path }]),
    ),
  );
  assert.ok(named.length > 60, `only ${named.length} paths were found`);
  const gone = named.filter(({ path }) => !present(path)).map(({ document, path }) => `${document}: ${path}`);
  assert.deepEqual(gone, []);
});

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

test("every link between the documents leads somewhere", () => {
  const broken = documents.flatMap((document) =>
    [...textOf(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].flatMap(([, file = "", anchor]) => {
      const path = file === "" ? document : join(dirname(document), file);
      if (!present(path)) return [`${document}: ${path}`];
      if (anchor === undefined) return [];
      const headings = [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
      return headings.includes(anchor) ? [] : [`${document}: ${path}#${anchor}`];
    }),
  );
  assert.deepEqual(broken, []);
});

test("what a newcomer asks is answered in docs/architecture.md", () => {
  const text = textOf("docs/architecture.md");
  for (const question of [
    "the resampler",
    "a recording is unknown",
    "the default of `tau_on`",
    "a cell is interrupted",
  ])
    assert.match(text, new RegExp(`^\\| [^|]*${question}[^|]* \\| [^|]+ \\|$`, "m"));
});
