import assert from "node:assert/strict";
import { test } from "node:test";
import { coverageTable, moduleOf } from "./table.js";

test("moduleOf names the source of what is compiled, and nothing for tests and packages", () => {
  const paths = [
    "dist/src/cache/build.js",
    "src/cache/build.ts",
    "kernels/typescript/dist/src/wire/client.js",
    "kernels/base/dist/errors.js",
    "dist/test/cache/build.test.js",
    "node_modules/zod/index.js",
  ];
  assert.deepEqual(paths.map(moduleOf), [
    "src/cache/build.ts",
    "src/cache/build.ts",
    "kernels/typescript/src/wire/client.ts",
    "kernels/base/src/errors.ts",
    undefined,
    undefined,
  ]);
});

test("coverageTable sums by layer and prints n/a where there is nothing to cover", () => {
  const file = (path: string, lines: number, covered: number) => ({
    path,
    totalLineCount: lines,
    coveredLineCount: covered,
    totalBranchCount: 4,
    coveredBranchCount: 1,
    totalFunctionCount: 0,
    coveredFunctionCount: 0,
  });
  const files = [file("src/cache/a.ts", 10, 10), file("src/cache/b.ts", 30, 10), file("kernels/base/src/c.ts", 10, 0)];
  const cells = (text: string) => text.split("\n").map((line) => line.trim().split(/\s{2,}/));
  assert.deepEqual(cells(coverageTable(files, "cache")), [
    ["covered, percent", "lines", "branches", "functions"],
    ["cache", "50.0", "25.0", "n/a"],
    ["src/cache/b.ts", "33.3", "25.0", "n/a"],
    ["src/cache/a.ts", "100.0", "25.0", "n/a"],
    ["kernels/base", "0.0", "25.0", "n/a"],
    ["all", "40.0", "25.0", "n/a"],
  ]);
});
