import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { PullReport } from "../../src/store/pull.js";

const module = JSON.stringify(new URL("../../src/cli/s3.js", import.meta.url).href);
const script = `
  const { Command } = await import("commander");
  const { addS3Command } = await import(${module});
  const program = new Command();
  addS3Command(program);
  await program.parseAsync(process.argv.slice(1), { from: "user" });`;

function start(args: string[], environment: Record<string, string> = {}): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: "/nonexistent", ...environment };
  const options = { env, cwd: new URL("../../../", import.meta.url), stdio: ["ignore", "pipe", "pipe"] as "pipe"[] };
  return spawn(process.execPath, ["--input-type=module", "-e", script, "--", ...args], options);
}

async function run(args: string[], environment?: Record<string, string>) {
  const child = start(args, environment);
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (data) => {
    stdout += data;
  });
  child.stderr!.on("data", (data) => {
    stderr += data;
  });
  const code = await new Promise((done) => child.once("close", done));
  return { stdout, stderr, code };
}

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-cli-s3-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function serve(t: TestContext, ...args: string[]) {
  const child = start(["s3", "serve", ...args]);
  t.after(() => void child.kill("SIGKILL"));
  const text = await new Promise<string>((done) => child.stdout!.once("data", (data) => done(String(data))));
  const closed = new Promise<number | null>((done) => child.once("close", done));
  const stop = () => {
    child.kill("SIGINT");
    return closed;
  };
  return { text, stop };
}

test("s3 serve prints lines that make s3 pull work as they are pasted, and ends with 0 on Ctrl-C", async (t) => {
  const root = await folder(t);
  const copy = join(await folder(t), "copy");
  await writeFile(join(root, "a.edf"), "recording");
  await writeFile(join(root, "a.csv_bi"), "labels");
  const { text, stop } = await serve(t, root, "--bucket", "eeg");
  const exports = Object.fromEntries(
    [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
  );
  assert.deepEqual(Object.keys(exports), [
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
  ]);
  const pulled = await run(["s3", "pull", "s3://eeg", copy], exports);
  assert.equal(pulled.code, 0, pulled.stderr);
  assert.match(pulled.stdout, /^2 objects: 2 downloaded/);
  assert.equal(await readFile(join(copy, "a.edf"), "utf8"), "recording");
  const again = await run(["s3", "pull", "s3://eeg/", copy, "--json", "--only", "edf"], exports);
  const report = JSON.parse(again.stdout) as PullReport;
  assert.deepEqual(
    [report.objects, report.downloaded, report.skipped, report.refused, report.failed],
    [1, 0, 1, [], []],
  );
  const blocked = await folder(t);
  await mkdir(join(blocked, "a.edf"), { recursive: true });
  const refused = await run(["s3", "pull", "s3://eeg", blocked], exports);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /1 refused[\s\S]*"a\.edf": is a file where/);
  const wrong = await run(["s3", "pull", "s3://eeg", copy], { ...exports, AWS_SECRET_ACCESS_KEY: "wrong" });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^ictal: .*AWS_SECRET_ACCESS_KEY/m);
  assert.ok(!wrong.stderr.includes("    at "), "no stack for people");
  assert.equal(await stop(), 0);
});

test("s3 serve --json prints one document with the keys it was given", async (t) => {
  const root = await folder(t);
  const { text, stop } = await serve(t, root, "--json", "--access-key", "me", "--secret-key", "mine");
  const { endpoint, bucket, accessKeyId, secretAccessKey } = JSON.parse(text) as Record<string, string>;
  assert.deepEqual([bucket, accessKeyId, secretAccessKey], ["corpus", "me", "mine"]);
  const port = new URL(endpoint!).port;
  const second = await run(["s3", "serve", root, "--port", port]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`port ${port}.*in use`));
  assert.equal(await stop(), 0);
});

test("s3 pull takes patients from a file", async (t) => {
  const root = await folder(t);
  const list = join(root, "patients.txt");
  await writeFile(list, "# chosen\n\nnobody  # not there\n");
  const { text, stop } = await serve(t, root, "--json", "--anonymous");
  const { endpoint } = JSON.parse(text) as Record<string, string>;
  const args = ["s3", "pull", "s3://corpus", join(root, "copy"), "--anonymous", "--endpoint", endpoint!];
  const none = await run([...args, "--patients", list]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /none of the 1 objects.*nobody/);
  assert.equal((await run([...args])).code, 0);
  assert.equal((await run([...args, "--patients", join(root, "no-such-file")])).code, 2);
  await stop();
});

test("s3 refuses wrong use with exit code 2 and says what is allowed", async (t) => {
  const dir = await folder(t);
  const notS3 = await run(["s3", "pull", "http://x/y", dir]);
  assert.equal(notS3.code, 2);
  assert.match(notS3.stderr, /expected s3:\/\/bucket\/prefix/);
  const endpoint = await run(["s3", "pull", "s3://b", dir, "--endpoint", "localhost"]);
  assert.equal(endpoint.code, 2);
  assert.match(endpoint.stderr, /invalid endpoint: localhost/);
  const half = await run(["s3", "serve", dir, "--access-key", "me"]);
  assert.equal(half.code, 2);
  assert.match((await run(["s3", "pull", "s3://b", dir, "--concurrency", "0"])).stderr, /whole number from 1 to 128/);
  const missing = await run(["s3", "serve", join(dir, "none")]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /no folder/);
});

test("s3 pull --profile takes key and region from the shared credentials and config files, and names a profile that is not there", async (t) => {
  const root = await folder(t);
  const home = await folder(t);
  await writeFile(join(root, "a.edf"), "recording");
  const { text } = await serve(t, root, "--bucket", "eeg");
  const exported = (name: string) => new RegExp(`${name}=(\\S+)`).exec(text)![1]!;
  const keys = `aws_access_key_id = ${exported("AWS_ACCESS_KEY_ID")}\naws_secret_access_key = ${exported("AWS_SECRET_ACCESS_KEY")}\n`;
  await writeFile(join(home, "credentials"), `[lab]\n${keys}`);
  await writeFile(join(home, "config"), "[profile lab]\nregion = us-east-1\n");
  const environment = {
    AWS_ENDPOINT_URL: exported("AWS_ENDPOINT_URL"),
    AWS_SHARED_CREDENTIALS_FILE: join(home, "credentials"),
    AWS_CONFIG_FILE: join(home, "config"),
  };
  const pull = (profile: string) =>
    run(["s3", "pull", "s3://eeg", join(home, "copy"), "--profile", profile], environment);
  const { code, stderr } = await pull("lab");
  assert.equal(code, 0, stderr);
  assert.equal(await readFile(join(home, "copy", "a.edf"), "utf8"), "recording");
  const missing = await pull("nobody");
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /nobody|credentials/i);
});
