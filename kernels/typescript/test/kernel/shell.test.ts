// Commands, scripts, files and questions in cells, and what child processes print there.
import assert from "node:assert/strict";
import { realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { MimeBundle } from "../../src/wire/message.js";
import { contentOf, startKernel, streamText, type TestKernel } from "./start-kernel.js";

let kernel: TestKernel;
before(async () => {
  kernel = await startKernel();
});
after(() => kernel.stop());

const textOf = async (code: string) =>
  String(contentOf(await kernel.execute(code), "execute_result")?.data["text/plain"]);

test("!command runs in the shell with values of variables in braces, and tells its exit code", async () => {
  const answer = await kernel.execute(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
    "const name = { of: 'a b' };\n!echo \"{name.of}\" ${HOME:+home} {none} '`' \\$x; echo bad >&2\n!exit 3\nconst rest = 1;",
  );
  assert.equal(answer.reply.content.status, "ok", JSON.stringify(answer.reply.content));
  assert.equal(streamText(answer), "a b home {none} ` $x\n");
  assert.equal(streamText(answer, "stderr"), "bad\n(exit code 3)\n");
  assert.equal(streamText(await kernel.execute("!ls -d .")), ".\n", "what TypeScript would read as a difference");
  assert.equal(await textOf("const ready = false;\n!ready && rest"), "1");
  assert.equal(await textOf("!(function () { return 0; })()"), "true");
});

test("output of a command comes while it runs, and an interrupt ends it with all that it started", async () => {
  const id = kernel.send("!echo first; sleep 60 & echo $!; wait");
  const shown = await kernel.waitFor(
    (message) => message.parentHeader?.msg_id === id && /first\n\d+\n/.test(String(message.content.text)),
  );
  const child = Number(String(shown.content.text).split("\n")[1]);
  await kernel.request("interrupt_request", {}, "control");
  assert.equal((await kernel.answer(id)).reply.content.ename, "Interrupted");
  for (let i = 0; ; i++) {
    try {
      process.kill(child, 0);
    } catch {
      break;
    }
    assert.ok(i < 200, "the command's child is still there");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test("%%bash runs the rest of the cell, and fails as the script does", async () => {
  const answer = await kernel.execute('%%bash\nfor i in 1 2; do\n  echo "$i %x"\ndone');
  assert.equal(streamText(answer), "1 %x\n2 %x\n");
  const failed = await kernel.execute("%%bash\necho before\nexit 4");
  assert.deepEqual(
    [streamText(failed), failed.reply.content.evalue],
    ["before\n", "the script of %%bash failed: exit code 4"],
  );
});

test("%run runs a file each time, with its exports in the cell and its arguments in process.argv", async () => {
  const file = join(await realpath(kernel.folder), "fit.ts");
  await writeFile(
    file,
    "console.log('runs', process.argv.slice(2).join('|'));\nexport const loss: number = 0.5;\nexport interface Fit { loss: number }\n",
  );
  const first = await kernel.execute("%run fit.ts 'a b' c\nconst fit: Fit = { loss }; fit.loss");
  assert.equal(streamText(first), "runs a b|c\n");
  assert.equal(contentOf(first, "execute_result")?.data["text/plain"], "0.5");
  assert.equal(streamText(await kernel.execute("%run fit.ts")), "runs \n", "once more, though nothing has changed");
  assert.equal(await textOf("loss * 2"), "1");
  const missing = await kernel.execute("1;\n%run none.ts");
  assert.match(String(missing.reply.content.evalue), /there is no readable file at .*none\.ts/);
});

test("%who and %whos list what cells have declared", async () => {
  await kernel.execute("const rates = [1, 2, 3]; type Odd = string; let label = 'seiz'; function detect() {}");
  const names = streamText(await kernel.execute("%who"))
    .trim()
    .split(/ {2}/);
  for (const name of ["rates", "label", "detect"]) assert.ok(names.includes(name), names.join());
  assert.ok(!names.includes("Odd"));
  const shown = String(contentOf(await kernel.execute("%whos"), "display_data")?.data["text/plain"]);
  assert.match(shown, /^rates +Array\(3\) +\[ 1, 2, 3 \]/m);
});

test("x?, ?x and x?? open the pager with help and source", async () => {
  await kernel.execute("/** Doubles. */\nfunction twice(x: number) { return 2 * x; }");
  const pageOf = async (code: string) => {
    const { payload } = (await kernel.execute(code)).reply.content as {
      payload: { source: string; data: MimeBundle }[];
    };
    assert.deepEqual(
      payload.map(({ source }) => source),
      ["page"],
      code,
    );
    return String(payload[0]!.data["text/plain"]);
  };
  for (const code of ["twice?", "?twice", "? twice", "const q = 1;\ntwice?"])
    assert.match(await pageOf(code), /^function twice\(x: number\): number\n\nDoubles\.$/, code);
  assert.match(await pageOf("twice??"), /return 2 \* x/);
  assert.match(await pageOf("JSON.parse?"), /parse\(text: string/);
  assert.equal(
    streamText(await kernel.execute("nothingLikeIt?")),
    "nothing is known of nothingLikeIt: no cell has declared it, and it is no global name\n",
  );
  assert.equal(await textOf("const flag = true;\nflag?\n 1\n : 2"), "1", "a ternary stays one");
});

test("what child processes print on inherited streams is the cell's output", async () => {
  const answer =
    await kernel.execute(`import { execFileSync, execSync, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
const child = spawn("sh", ["-c", "echo out; echo err >&2"], { stdio: "inherit" });
const isNull = child.stdout === null;
await once(child, "close");
spawnSync("sh", ["-c", "echo step; echo bad >&2"], { stdio: ["ignore", "inherit", "inherit"] });
execSync("echo exec; echo worse >&2", { stdio: "inherit" });
execFileSync("echo", ["file"], { stdio: [0, 1, 2] });
const piped = execSync("echo piped").toString();
isNull + piped`);
  assert.equal(answer.reply.content.status, "ok", JSON.stringify(answer.reply.content));
  assert.equal(streamText(answer), "out\nstep\nexec\nfile\n");
  assert.equal(streamText(answer, "stderr"), "err\nbad\nworse\n");
  assert.match(String(contentOf(answer, "execute_result")?.data["text/plain"]), /truepiped/);
});
