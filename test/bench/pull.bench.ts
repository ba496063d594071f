import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "../../src/base/random.js";

/*
 * A bucket of 200 objects of 5 MB copied over loopback, whole process time, ours beside `aws s3 sync` (the command named
 * by ICTAL_BENCH_AWS, else `aws`; passed over when it does not run); then 20,000 keys listed. Server, client and peer
 * share this machine's processors. Ours also writes an index, checks MD5 and CRC32 and computes SHA-256.
 */

const OBJECTS = 200;
const OBJECT_BYTES = 5_000_000;
const KEYS = 20_000;
const ROUNDS = 3;
const source = (path: string) => JSON.stringify(new URL(`../../src/store/${path}`, import.meta.url).href);
const nodeScript = (text: string) => ["--input-type=module", "-e", text];

async function serve(root: string) {
  const script = `
    const { startS3Server } = await import(${source("server/s3-server.js")});
    const server = await startS3Server({ root: ${JSON.stringify(root)}, bucket: "bench" });
    console.log(JSON.stringify(server));`;
  const child = spawn(process.execPath, nodeScript(script), { stdio: ["ignore", "pipe", "inherit"] });
  const text = await new Promise<string>((done) => child.stdout.once("data", (data) => done(String(data))));
  const server = JSON.parse(text) as { endpoint: string; accessKeyId: string; secretAccessKey: string };
  const environment = {
    ...process.env,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_REGION: "us-east-1",
  };
  return { environment, stop: () => child.kill() };
}

interface Run {
  readonly seconds: number;
  readonly output: string;
}

async function run(command: string, args: string[], environment: NodeJS.ProcessEnv): Promise<Run> {
  const started = performance.now();
  const child = spawn(command, args, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  const code = await new Promise((done) => child.once("close", done));
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return { seconds: (performance.now() - started) / 1000, output };
}

function report(name: string, seconds: readonly number[], more: string): void {
  const sorted = [...seconds].sort((a, b) => a - b);
  const spread = `${sorted[0]!.toFixed(2)} to ${sorted.at(-1)!.toFixed(2)}`;
  console.log(`${name.padEnd(28)} ${sorted[sorted.length >> 1]!.toFixed(2)} s (${spread})  ${more}`);
}

async function benchPull(folder: string, aws: string | undefined): Promise<void> {
  const root = join(folder, "bucket");
  await mkdir(root);
  const words = new Uint32Array(OBJECT_BYTES / 4);
  for (let i = 0; i < OBJECTS; i++) {
    const random = createRandom(i, "pull bench");
    const offset = random.uint32(0);
    for (let k = 0; k < words.length; k++) words[k] = Math.imul(k + offset, 2654435761);
    await writeFile(join(root, `r${String(i).padStart(3, "0")}.edf`), words);
  }
  const { environment, stop } = await serve(root);
  const ours = `
    const { openStore } = await import(${source("open-store.js")});
    const { pullObjects } = await import(${source("pull.js")});
    const store = openStore("s3://bench");
    const { seconds, failed } = await pullObjects(store, process.env.TARGET);
    await store.close();
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    console.log(JSON.stringify({ seconds, failed, maxRSS, cpu: (userCPUTime + systemCPUTime) / 1e6 }));`;
  const seconds: Record<string, number[]> = { ours: [], inside: [], again: [], aws: [] };
  let peak = 0;
  let cpu = 0;
  try {
    for (let round = -1; round < ROUNDS; round++) {
      const target = join(folder, "copy");
      const first = await run(process.execPath, nodeScript(ours), { ...environment, TARGET: target });
      const again = await run(process.execPath, nodeScript(ours), { ...environment, TARGET: target });
      const facts = JSON.parse(first.output) as { seconds: number; failed: unknown[]; maxRSS: number; cpu: number };
      if (facts.failed.length > 0) throw new Error(JSON.stringify(facts.failed));
      await rm(target, { recursive: true });
      const peer = aws && (await run(aws, ["s3", "sync", "--quiet", "s3://bench", target], environment));
      await rm(target, { recursive: true, force: true });
      if (round < 0) continue;
      seconds.ours!.push(first.seconds);
      seconds.inside!.push(facts.seconds);
      seconds.again!.push(again.seconds);
      if (peer) seconds.aws!.push(peer.seconds);
      peak = Math.max(peak, facts.maxRSS);
      cpu = facts.cpu;
    }
  } finally {
    stop();
  }
  const size = `${OBJECTS} x ${OBJECT_BYTES / 1e6} MB`;
  report(`pull ${size}`, seconds.ours!, `peak ${(peak / 1024).toFixed(0)} MiB, ${cpu.toFixed(1)} CPU s`);
  report("  of that, pull() itself", seconds.inside!, "");
  report("  again, all there", seconds.again!, "");
  if (aws) report("aws s3 sync", seconds.aws!, "");
  else console.log("aws s3 sync: not found; name it in ICTAL_BENCH_AWS");
}

async function benchList(folder: string): Promise<void> {
  const root = join(folder, "keys");
  for (let patient = 0; patient < KEYS / 100; patient++) {
    const session = join(root, "edf", "dev", `p${patient}`, "s001");
    await mkdir(session, { recursive: true });
    for (let i = 0; i < 100; i++) await writeFile(join(session, `t${i}.csv`), `${patient} ${i}\n`);
  }
  const { environment, stop } = await serve(root);
  const script = `
    const { openStore } = await import(${source("open-store.js")});
    const store = openStore("s3://bench");
    await store.stat("warm");
    const started = performance.now();
    let count = 0;
    for await (const info of store.list()) count += info.size > 0 ? 1 : 0;
    console.log(JSON.stringify({ count, seconds: (performance.now() - started) / 1000 }));
    await store.close();`;
  const seconds: number[] = [];
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const { output } = await run(process.execPath, nodeScript(script), environment);
      const facts = JSON.parse(output) as { count: number; seconds: number };
      if (facts.count !== KEYS) throw new Error(`listed ${facts.count} keys, expected ${KEYS}`);
      if (round === 0) report(`list ${KEYS} keys, first time`, [facts.seconds], "the server computes their MD5");
      else seconds.push(facts.seconds);
    }
  } finally {
    stop();
  }
  report(`list ${KEYS} keys`, seconds, "");
}

const named = process.env.ICTAL_BENCH_AWS ?? "aws";
const aws = spawnSync(named, ["--version"]).status === 0 ? named : undefined;
const folder = await mkdtemp(join(tmpdir(), "ictal-bench-"));
try {
  console.log(
    fileURLToPath(import.meta.url)
      .split("/")
      .at(-1),
    `Node ${process.version}`,
  );
  await benchPull(folder, aws);
  await benchList(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
