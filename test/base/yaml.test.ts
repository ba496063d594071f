import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "@ictal/base/errors";
import { readYaml } from "@ictal/base/yaml";

const refused = (text: string, message: RegExp) =>
  assert.throws(
    () => readYaml(text, "a.yaml"),
    (error: unknown) => error instanceof ConfigError && message.test(error.message),
    text,
  );

test("readYaml gives plain data with the line of each key", () => {
  const { value, lineOf } = readYaml("\ufeffa: 1\nb:\n  - x\n  - { c: 2.5, d: ~ }\ne: 0x10\n", "a.yaml");
  assert.deepEqual(value, { a: 1, b: ["x", { c: 2.5, d: null }], e: 16 });
  assert.deepEqual(
    [lineOf(["a"]), lineOf(["b", 1, "c"]), lineOf(["b", 1, "nowhere"]), lineOf(["f"])],
    [1, 4, 4, undefined],
  );
  assert.equal(readYaml("", "a.yaml").value, null);
  assert.deepEqual(readYaml("a: &x [1]\nb: *x\n", "a.yaml").value, { a: [1], b: [1] });
});

test("readYaml refuses what is not YAML with file and line, in its own words, all faults at once", () => {
  refused("a: [1", /^a\.yaml:1: not YAML: .*a bracket or quote is not closed/);
  refused("a: 1\n\tb: 2", /^a\.yaml:2: not YAML: a tab indents the line; use spaces/);
  refused("a: 1\nb: 2\na: 3", /^a\.yaml:3: the key a stands twice/);
  refused("a: {b: 1, b: 2}\nc: 1\nc: 2", /^a\.yaml: 2 faults\n {2}a\.yaml:1: the key b .*\n {2}a\.yaml:3: the key c /);
  refused("a: !ours x", /^a\.yaml:1: not YAML: a tag/);
  refused("a: 1\n---\nb: 2", /^a\.yaml:2: not YAML: more than one document/);
  refused("? [a]\n: 3", /^a\.yaml:1: a key that is no text/);
  refused("a: @x", /^a\.yaml:1: not YAML: text that begins with a reserved character/);
});

test("readYaml refuses aliases to nothing, to themselves and without bound", () => {
  refused("a: 1\nb: *x", /^a\.yaml:2: b: the alias \*x stands for nothing above it/);
  refused("a: &a [*a]", /an alias stands within what it repeats/);
  const level = (i: number) =>
    `l${i}: &l${i} [${Array(10)
      .fill(`*l${i - 1}`)
      .join(", ")}]`;
  refused(
    `l0: &l0 [x]\n${Array.from({ length: 9 }, (_, i) => level(i + 1)).join("\n")}`,
    /aliases repeat values without bound/,
  );
});

test("readYaml refuses numbers that a double does not hold", () => {
  refused("a: 12345678901234567890", /^a\.yaml:1: a: 12345678901234567890 is beyond 2\^53/);
  refused("a:\n  - 9007199254740993", /^a\.yaml:2: a\.0: 9007199254740993 is beyond 2\^53/);
  refused("a: .nan\nb: -.inf\nc: 1e400", /3 faults\n.*a: \.nan.*\n.*b: -\.inf.*\n.*c: 1e400/);
  assert.deepEqual(readYaml('a: 9007199254740991\nb: 1e20\nc: "12345678901234567890"', "a.yaml").value, {
    a: 9007199254740991,
    b: 1e20,
    c: "12345678901234567890",
  });
});

test("readYaml refuses names of the language's machinery as keys", () => {
  for (const name of ["__proto__", "constructor", "prototype"]) {
    refused(`${name}: { x: 1 }`, new RegExp(`^a\\.yaml:1: ${name}: ${name} is a reserved name`));
    refused(`a:\n  - b: { ${name}: 1 }`, /reserved name/);
  }
  assert.equal(({} as { x?: unknown }).x, undefined);
});
