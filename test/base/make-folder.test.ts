import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "@ictal/base/make-folder";
import { temporaryFolder } from "../cache/made-cache.js";

test("makeFolder makes a folder and those above it, leaves what is there, and takes a mode", async (context) => {
  const dir = await temporaryFolder(context);
  await makeFolder(join(dir, "a/b/c"));
  await writeFile(join(dir, "a/b/c/file"), "");
  await makeFolder(join(dir, "a/b/c"));
  assert.deepEqual(await readdir(join(dir, "a/b/c")), ["file"]);
  await makeFolder(join(dir, "own/deep"), 0o700);
  for (const path of ["own", "own/deep"]) assert.equal((await stat(join(dir, path))).mode & 0o777, 0o700);
  await symlink(join(dir, "a"), join(dir, "link"));
  await makeFolder(join(dir, "link/b"));
  await makeFolder("/");
});

test("makeFolder called for one tree from many sides at once makes it once and throws nothing", async (context) => {
  const dir = await temporaryFolder(context);
  const paths = Array.from({ length: 40 }, (_, i) => join(dir, `a/b/c/d/${i % 8}/e`));
  await Promise.all(paths.map((path) => makeFolder(path)));
  assert.equal((await readdir(join(dir, "a/b/c/d"))).length, 8);
});

test("makeFolder throws the system's error where a file is in the way", async (context) => {
  const dir = await temporaryFolder(context);
  await writeFile(join(dir, "file"), "");
  await assert.rejects(makeFolder(join(dir, "file")), { code: "EEXIST" });
  await assert.rejects(makeFolder(join(dir, "file/a/b")), { code: "ENOTDIR" });
  await symlink(join(dir, "nowhere"), join(dir, "broken"));
  await assert.rejects(makeFolder(join(dir, "broken/a")), { code: "EEXIST" });
});

test("makeFolder refuses at once what a file system without folders cannot hold", async (context) => {
  if (!existsSync("/proc/self")) return context.skip("there is no /proc here");
  for (const path of ["/proc/x", "/proc/x/y/z"])
    await assert.rejects(makeFolder(path), {
      code: "EPERM",
      path: "/proc/x",
      message: /takes no folders.*'\/proc\/x'/,
    });
});
