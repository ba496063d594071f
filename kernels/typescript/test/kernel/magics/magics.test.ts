import assert from "node:assert/strict";
import { test } from "node:test";
import { MagicError } from "../../../src/kernel/magics/catalogue.js";
import {
  blankMagics,
  completeMagic,
  type ParseMagicsOptions,
  parseMagics,
  placeInCell,
} from "../../../src/kernel/magics/magics.js";

const found = async (code: string, options?: ParseMagicsOptions) =>
  (await parseMagics(code, options)).magics.map(({ sign, name, line }) => `${line} ${sign}${name}`);

test("magics are found at the start, between statements, in blocks and as comments", async () => {
  assert.deepEqual(await found("%memory"), ["1 %memory"]);
  assert.deepEqual(await found("\n// words\n%env A=1\n  %lsmagic;"), ["3 %env", "4 %lsmagic"]);
  assert.deepEqual(await found("const x = 1;\n%timeit x + 1\nconst y = `a`;\n%time f(y)"), ["2 %timeit", "4 %time"]);
  assert.deepEqual(await found("const x = 1\n%timeit -n 3 x + 1\nx"), ["2 %timeit"]);
  assert.deepEqual(await found("if (true) {\n  %time f()\n}"), ["2 %time"]);
  assert.deepEqual(await found("const a = 1;\n// %timeit a + 1\n//%memory"), ["2 %timeit", "3 %memory"]);
  assert.deepEqual(await found("%%html\n<b>\n%memory"), ["1 %%html"]);
});

test("without a semicolon above, a known magic at the start of a line is one if its name means nothing else", async () => {
  assert.deepEqual(await found("await train()\n%memory\nnext()"), ["2 %memory"]);
  assert.deepEqual(await found("const time = 3\nconst rest = 10\n%time"), []);
  assert.deepEqual(await found("const rest = 10\n%time", { isDeclared: (name) => name === "time" }), []);
  assert.deepEqual(await found("const rest = 10\n  %time"), []);
});

const NONE = {
  "an operator at the start of a line": "const r = total\n  % count;",
  "an operator without a blank after it": "const r = total\n  %count;",
  "an operator within brackets": "const r = f(total\n%time\n);",
  "an operator in a list": "const r = [total\n%time\n, 3];",
  "a template": "const t = `\n%timeit x\n%%html\n`;",
  "a template with code in it": `const t = \`\${1}
%memory
\${2}\`;`,
  "a comment of several lines": "f();\n/*\n%timeit x\n// %memory\n*/",
  "a comment in a template": "const t = `\n// %memory\n`;",
  "a comment that names no magic": "f();\n// %d is how C prints a number",
  "a comment that is indented": "function f() {\n  // %memory\n}",
  "a cell marker of VS Code": "// %% [markdown]\nf();",
};

for (const [what, code] of Object.entries(NONE))
  test(`a percent sign is no magic in ${what}`, async () => {
    assert.deepEqual(await parseMagics(code), { code, magics: [], runs: [] });
    assert.equal(await blankMagics(code), code);
  });

test("the code has as many lines, and places of an expression lead back to the cell", async () => {
  const cell = "const x = 1;\n%timeit -n 3 wrong(x) // why\nconst y = 2;";
  const { code, magics } = await parseMagics(cell);
  const lines = code.split("\n");
  assert.deepEqual([lines.length, lines[0], lines[2]], [3, "const x = 1;", "const y = 2;"]);
  assert.match(lines[1]!, /\("timeit", "-n 3", \(\) => \(wrong\(x\)\)\);$/);
  const column = lines[1]!.indexOf("wrong") + 1;
  assert.deepEqual(placeInCell(magics, 2, column), { line: 2, column: cell.split("\n")[1]!.indexOf("wrong") + 1 });
  assert.deepEqual(placeInCell(magics, 3, 7), { line: 3, column: 7 });
  assert.equal((await parseMagics("%%html\n<b>\n</b>")).code.split("\n").length, 3);
  assert.equal((await parseMagics("\n%%timeit\nf();")).code.split("\n")[2], "f();");
});

test("statements and awaits get the function that they need", async () => {
  const body = async (line: string) => (await parseMagics(line)).code;
  assert.match(await body("%timeit await f(1)"), /, async \(\) => \(await f\(1\)\)\);$/);
  assert.match(await body("%timeit let s = 0; s += 1"), /, \(\) => \{ let s = 0; s \+= 1 \}\);$/);
  assert.match(await body("%timeit xs.map((x) => { f(x); return x; })"), /, \(\) => \(xs\.map\(.*\)\)\);$/);
  assert.match(await body('%timeit f("a;//b")'), /\(\) => \(f\("a;\/\/b"\)\)\);$/);
  assert.match(await body("%time const x = await f()"), /\("time", "start"\); const x = await f\(\); .*"stop"\);$/);
});

test("an unknown magic is refused with the nearest, its line, and where they are listed", async () => {
  const refused = async (code: string, message: RegExp, line: number) =>
    assert.rejects(parseMagics(code), (error) => {
      assert.ok(error instanceof MagicError);
      assert.match(error.message, message);
      assert.equal(error.line, line);
      return true;
    });
  await refused("f();\n%timit x", /there is no magic %timit; did you mean %timeit\? %lsmagic lists them all/, 2);
  await refused("%%htm\n<b>", /there is no magic %%htm; did you mean %%html\?/, 1);
  await refused("%html <b>", /did you mean %%html\?/, 1);
  await refused("\n%timeit", /%timeit needs an expression: %timeit \[-n LOOPS\] \[-r RUNS\] EXPRESSION/, 2);
  await refused("%timeit -q f()", /takes -n LOOPS and -r RUNS.*found -q/, 1);
  await refused("%%timeit f()\nf()", /from the lines below; found f\(\)/, 1);
});

test("a negative number is no option of %timeit", async () => {
  assert.match((await parseMagics("%timeit -5 * f()")).code, /"timeit", "", \(\) => \(-5 \* f\(\)\)\)/);
  assert.match((await parseMagics("%timeit -n5 -r 2 -x")).code.slice(0, 1), /;/);
});

test("for completion a magic is blanks of the same length, its expression in place", async () => {
  const cell = "%memory\n%timeit -n 3 foo.ba\n// %time foo\nfoo";
  const blanked = await blankMagics(cell);
  assert.equal(blanked, `;      \n${";".padEnd(13)}foo.ba\n${";".padEnd(9)}foo\nfoo`);
  assert.equal(blanked.length, cell.length);
  assert.equal(await blankMagics("%%markdown\n# A"), ";         \n;  ");
  assert.equal(await blankMagics("%nonsense x"), ";          ");
});

test("names of magics complete at the start of a line, cell magics in the first one only", () => {
  assert.deepEqual(completeMagic("%ti", 3), { matches: ["%timeit", "%time"], start: 0 });
  assert.deepEqual(completeMagic("%%ti", 4), { matches: ["%%time", "%%timeit"], start: 0 });
  assert.deepEqual(completeMagic("f();\n// %me", 10), { matches: ["%memory"], start: 8 });
  assert.deepEqual(completeMagic("f();\n%%h", 8), { matches: [], start: 5 });
  assert.equal(completeMagic("a %ti", 5), undefined);
  assert.equal(completeMagic("ti", 2), undefined);
});
