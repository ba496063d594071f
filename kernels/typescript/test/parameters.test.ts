import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { hasTag } from "../src/notebook/notebook-file.js";
import { parseNotebook } from "../src/notebook/read-notebook.js";
import { injectedSource, injectParameters, pythonLiteral } from "../src/parameters/inject.js";
import { type GivenParameters, resolveParameters } from "../src/parameters/parameter-values.js";
import { readParameters } from "../src/parameters/parameters.js";
import { notebookText, temporaryFolder } from "./make-notebook.js";

const SOURCE = `import { x } from "y";
const config = "configs/smoke_test.yaml"; // which config
let seed: number = 42;
const rates = [256, -0.5];
const options: { a: number } = { a: 1 };
const both: string | null = null, flag = true;
const derived = seed + 1;`;

const notebookOf = (source: string) =>
  parseNotebook(notebookText([{ code: source, tags: ["parameters"] }, "seed"]), "a.ipynb");

test("readParameters lists names, types, defaults and help of a TypeScript cell", () => {
  const parameters = readParameters(notebookOf(SOURCE), "typescript");
  assert.deepEqual(
    parameters.map(({ name, type, defaultValue, keyword, help }) => [name, type, defaultValue, keyword, help]),
    [
      ["config", "string", "configs/smoke_test.yaml", "const", "which config"],
      ["seed", "number", 42, "let", ""],
      ["rates", "number[]", [256, -0.5], "const", ""],
      ["options", "{ a: number }", { a: 1 }, "const", ""],
      ["both", "string | null", null, "const", ""],
      ["flag", "boolean", true, "const", ""],
      ["derived", "unknown", undefined, "const", ""],
    ],
  );
  assert.equal(parameters.at(-1)!.defaultText, "seed + 1");
});

test("readParameters reads a Python cell", () => {
  const parameters = readParameters(
    notebookOf('alpha = 0.1  # step\nn: int = 3\nname = "a"\nflag = True\nnone = None'),
    "python",
  );
  assert.deepEqual(
    parameters.map(({ name, type, defaultValue, help }) => [name, type, defaultValue, help]),
    [
      ["alpha", "float", 0.1, "step"],
      ["n", "int", 3, ""],
      ["name", "str", "a", ""],
      ["flag", "bool", true, ""],
      ["none", "None", null, ""],
    ],
  );
});

test("resolveParameters types each value by its parameter; later kinds win", async () => {
  const known = readParameters(notebookOf(SOURCE), "typescript");
  const file = join(await temporaryFolder(), "p.yaml");
  await writeFile(file, "seed: 1\nflag: false\n");
  const values = await resolveParameters(
    {
      files: [file],
      yaml: ["seed: 2"],
      typed: [
        ["seed", "3"],
        ["config", "7"],
        ["rates", "[1, 2]"],
        ["derived", "true"],
      ],
      raw: [["both", "5"]],
    },
    known,
    "a.ipynb",
  );
  assert.deepEqual(values, { seed: 3, flag: false, config: "7", rates: [1, 2], derived: true, both: "5" });
});

test("resolveParameters refuses an unknown name, naming the known ones, and a text of the wrong type", async () => {
  const known = readParameters(notebookOf(SOURCE), "typescript");
  await assert.rejects(
    resolveParameters({ typed: [["sede", "1"]] }, known, "a.ipynb"),
    /no parameter called "sede"; its parameters are config, seed.*did you mean seed/,
  );
  await assert.rejects(resolveParameters({ yaml: ["nope: 1"] }, known, "a.ipynb"), /no parameter called "nope"/);
  await assert.rejects(
    resolveParameters({ typed: [["seed", "many"]] }, known, "a.ipynb"),
    /seed is of type number; the value "many" is not/,
  );
  await assert.rejects(
    resolveParameters({ typed: [["seed", "1"]] }, [], "a.ipynb"),
    /no cell of it is tagged "parameters"/,
  );
});

const KINDS = `const n = 3; const flag = false; const name = "a"; const list: number[] = [1]; let maybe: number | null = null;
const opt: { a: number; b?: string | null } = { a: 1 }; const big = 10n; const mode: "fast" | "slow" = "fast";
const both: string | null = null; const rate = NaN; const pair: [number, string] = [1, "a"]; const flags: boolean[] = [];
const rates: Record<string, number> = {}; const derived = n + 1;`;

/** What is injected for the parameter, or the message of the refusal. */
async function injected(given: GivenParameters, source = KINDS, language: "typescript" | "python" = "typescript") {
  const known = readParameters(notebookOf(source), language);
  try {
    const values = await resolveParameters(given, known, "a.ipynb", language);
    return injectedSource(values, known, language).split("\n")[1]!;
  } catch (error) {
    assert.ok(isIctalError(error, "ConfigError"));
    return error.message;
  }
}

test("values of YAML are checked against the declared type, as those of -p are", async () => {
  const cases: readonly (readonly [yaml: string, expected: string | RegExp])[] = [
    ["flag: no", "const flag: boolean = false;"],
    ["flag: On", "const flag: boolean = true;"],
    ["flag: 'no'", 'parameter flag is of type boolean; the value "no" is not (given by -y)'],
    ["flag: 0", "parameter flag is of type boolean; the value 0 is not (given by -y)"],
    ["n: abc", 'parameter n is of type number; the value "abc" is not (given by -y)'],
    ["n: '3'", 'parameter n is of type number; the value "3" is not (given by -y)'],
    ["n:", "parameter n is of type number; the value null is not (given by -y)"],
    ["n: 1e400", /value 1e400 is not .*beyond the largest number/],
    ["n: 1e-400", /value 1e-400 is not .*closer to 0/],
    ["n: 010", /value 010 is not .*decimal or octal/],
    ["n: 12345678901234567890", /value 12345678901234567890 is not .*2\^53/],
    ["n: 9007199254740993", /2\^53/],
    ["n: 9007199254740993.0", /value 9007199254740993\.0 is not .*does not hold all of its digits/],
    ["n: 12345678901234567890.5", /does not hold all of its digits/],
    ["n: 9007199254740994.0", "const n: number = 9007199254740994;"],
    ["n: 1e300", "const n: number = 1e+300;"],
    ["n: -9007199254740992", "const n: number = -9007199254740992;"],
    ["n: -0", "const n: number = -0;"],
    ["rate: -.inf", "const rate: number = -Infinity;"],
    ["maybe: .nan", "let maybe: number | null = NaN;"],
    ["maybe: ~", "let maybe: number | null = null;"],
    ["list: [1, .inf, .nan]", "const list: number[] = [1,Infinity,NaN];"],
    ["list: [1, a]", /list is of type number\[\]; the value \[1,"a"\] is not/],
    ["opt: {a: .nan, b: null}", 'const opt: { a: number; b?: string | null } = {"a":NaN,"b":null};'],
    ["opt: {b: x}", /its member "a" is missing/],
    ["opt: {a: 1, c: 2}", /it has no member "c"/],
    ["big: 12345678901234567890", "const big: bigint = 12345678901234567890n;"],
    ["big: 1.5", /big is of type bigint; the value 1\.5 is not/],
    ["mode: slow", 'const mode: "fast" | "slow" = "slow";'],
    ["mode: fats", /the value "fats" is not/],
    ["name: 5", /write it in quotes to give it as text/],
    ["name: 2020-01-01", 'const name: string = "2020-01-01";'],
    ["name: no", 'const name: string = "no";'],
    ["both: 5", /both is of type string \| null; the value 5 is not/],
    ["pair: [1]", /2 members were expected/],
    ["flags: [yes, no]", "const flags: boolean[] = [true,false];"],
    ["rates: {a: .nan}", 'const rates: Record<string, number> = {"a":NaN};'],
    ["derived: .nan", "const derived: number = NaN;"],
    ["derived: 12345678901234567890", /2\^53/],
    ["opt: {a: 1, __proto__: {}}", /the text after -y cannot be taken: __proto__/],
    ["n: *x", /\*x refers to an anchor that does not stand before it/],
    ["n: &a [*a]", /its anchors refer to themselves/],
    ["n: 1\nn: 2", "the text after -y cannot be read as YAML: line 2, column 1: a name stands there twice"],
    ["n: 1\n---\nn: 2", /cannot be read as YAML: line 2, column 1: a second document begins there/],
    ["n: !!foo 3", /its tag \(!…\) is not known/],
    ["", /the text after -y holds nothing; a map/],
    ["class: 1", /no parameter called "class"/],
  ];
  for (const [yaml, expected] of cases) {
    const found = await injected({ yaml: [yaml] });
    if (typeof expected === "string") assert.equal(found, expected, yaml);
    else assert.match(found, expected, yaml);
  }
  const base64 = [Buffer.from("n: abc").toString("base64")];
  assert.match(await injected({ base64 }), /\(given by -b\)$/);
  assert.equal(await injected({ base64: ["!"] }), "the text after -b is not base64");
  for (const damaged of ["bjogM1==", "bjogMw=", "bjogM", "bjog=Mw==", "", "n: 3"])
    assert.equal(await injected({ base64: [damaged] }), "the text after -b is not base64", damaged);
  for (const whole of ["bjogMw==", "bjogMw", "bjog\nMw=="])
    assert.equal(await injected({ base64: [whole] }), "const n: number = 3;", whole);
  const file = join(await temporaryFolder(), "p.yaml");
  await writeFile(file, "n: abc\n");
  assert.ok((await injected({ files: [file] })).endsWith(`(given by -f ${file})`));
});

test("texts after -p and -r are read by the declared type, and no number becomes another", async () => {
  const cases: readonly (readonly [name: string, text: string, expected: string | RegExp])[] = [
    ["n", "1e400", /beyond the largest number/],
    ["n", "-0.1e-400", /closer to 0/],
    ["n", "12345678901234567890", /2\^53/],
    ["n", "9007199254740993.0", /does not hold all of its digits/],
    ["n", "010", /decimal or octal/],
    ["n", "nan", "const n: number = NaN;"],
    ["n", "-Infinity", "const n: number = -Infinity;"],
    ["flag", "no", /flag is of type boolean/],
    ["name", "010", 'const name: string = "010";'],
    ["both", "5", 'const both: string | null = "5";'],
    ["both", "null", "const both: string | null = null;"],
    ["maybe", "x", /number \| null; the value "x" is not/],
    ["list", "[1, 2", /cannot be read as YAML/],
    ["list", '["a"]', /list is of type number\[\]/],
    ["big", "5n", "const big: bigint = 5n;"],
    ["mode", "slow", 'const mode: "fast" | "slow" = "slow";'],
  ];
  for (const [name, text, expected] of cases) {
    const found = await injected({ typed: [[name, text]] });
    if (typeof expected === "string") assert.equal(found, expected, `${name} ${text}`);
    else assert.match(found, expected, `${name} ${text}`);
  }
  assert.match(await injected({ raw: [["n", "5"]] }), /n is of type number; the value "5" is not \(given by -r\)/);
});

test("Python parameters take integers of any length, NaN by float, and their declared types", async () => {
  const source = "a = 1\nb: float = 2\nc: list[int] = []\nd = None\ne: Optional[str] = None\ng = True";
  const given = (yaml: string) => injected({ yaml: [yaml] }, source, "python");
  assert.equal(await given("a: 12345678901234567890"), "a = 12345678901234567890");
  assert.match(await given("a: .nan"), /a is of type int; the value NaN is not/);
  assert.equal(await given("b: -.inf"), 'b = float("-inf")');
  assert.match(await given("c: [x]"), /list\[int\]; the value \["x"\] is not/);
  assert.equal(await given("d: [1, .nan, null]"), 'd = [1, float("nan"), None]');
  assert.equal(await given("e: no"), 'e = "no"');
  assert.equal(await given("g: no"), "g = False");
});

test("injectParameters puts typed declarations after the tagged cell and replaces an earlier injection", () => {
  const notebook = notebookOf(SOURCE);
  const parameters = readParameters(notebook, "typescript");
  injectParameters(notebook, { seed: 1 }, parameters, "typescript");
  injectParameters(notebook, { seed: 7, config: 'a"b', options: { a: 2 }, flag: false }, parameters, "typescript");
  assert.deepEqual(
    notebook.cells.map((cell) => hasTag(cell, "injected-parameters")),
    [false, true, false],
  );
  assert.equal(
    notebook.cells[1]!.source,
    '// Parameters\nlet seed: number = 7;\nconst config: string = "a\\"b";\nconst options: { a: number } = {"a":2};\nconst flag: boolean = false;',
  );
  injectParameters(notebook, {}, parameters, "typescript");
  assert.equal(notebook.cells.length, 2);
});

test("injected Python is Python", () => {
  assert.equal(injectedSource({ a: null, b: [true, "x"] }, [], "python"), '# Parameters\na = None\nb = [True, "x"]');
  assert.equal(pythonLiteral({ k: 1.5 }), '{"k": 1.5}');
});
