import { action, type Outcome, UsageError } from "@ictal/base/action";
import { collect, parseCount } from "@ictal/base/flags";
import { withInterrupt } from "@ictal/base/interrupt";
import { onAbort } from "@ictal/base/on-abort";
import { notify, printable, printableLines } from "@ictal/base/printable";
import { type Command, InvalidArgumentError } from "commander";
import { projectDir } from "../base/project.js";
import { type Cloud, type CloudSetup, ModalError, type Sandbox } from "../cluster/modal/cloud.js";
import { imageRecipe } from "../cluster/modal/image.js";
import { modalCache, modalTrain, type RunOptions } from "../cluster/modal/run.js";
import { aloneSandbox, cacheSandbox, type RemoteRun, remoteConfigFile } from "../cluster/modal/sandboxes.js";
import { openModal } from "../cluster/modal/sdk-cloud.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { acceptOption } from "./accept-option.js";
import { configOf } from "./data-options.js";
import { watched } from "./watched.js";

interface ModalFlags {
  readonly config: string;
  readonly set?: readonly string[];
  readonly app: string;
  readonly environment?: string;
  readonly image?: string;
  readonly bucket?: string;
  readonly bucketPrefix: string;
  readonly bucketSecret: string;
  readonly bucketEndpoint?: string;
  readonly volume: string;
  readonly secret?: readonly string[];
  readonly gpu: string;
  readonly accept?: readonly string[];
  readonly shards: number;
  readonly resume?: boolean;
  readonly detach?: boolean;
}

/** A folder of a bucket as the mount wants it: "" or a name that ends in a slash. */
function parsePrefix(text: string): string {
  if (text === "" || (/^[^/]/.test(text) && text.endsWith("/"))) return text;
  throw new InvalidArgumentError('expected a folder with "/" at its end and not at its start, e.g. tusz/');
}

async function remoteRun(flags: ModalFlags): Promise<RemoteRun> {
  const { config } = await configOf({ config: flags.config, set: flags.set }, []);
  const { set = [], gpu, accept } = flags;
  return { configFile: remoteConfigFile(flags.config), config, set, gpu, accept: accept?.join(",") };
}

async function setupOf(flags: ModalFlags): Promise<CloudSetup> {
  const { app, environment, bucket, bucketPrefix, bucketSecret, bucketEndpoint, volume, secret = [] } = flags;
  if (!bucket) throw new UsageError("missing --bucket NAME (or ICTAL_MODAL_BUCKET)");
  return {
    app,
    environment,
    image: flags.image ?? (await imageRecipe(projectDir)),
    bucket: { name: bucket, keyPrefix: bucketPrefix, secret: bucketSecret, endpoint: bucketEndpoint },
    volume,
    secrets: secret,
  };
}

/** The part of the setup that listing and stopping sandboxes needs. */
function accountSetup({ app, environment }: ModalFlags): CloudSetup {
  return { app, environment, image: "", bucket: { name: "", keyPrefix: "", secret: "" }, volume: "", secrets: [] };
}

async function withCloud<T>(setup: CloudSetup, work: (cloud: Cloud) => Promise<T>): Promise<T> {
  const cloud = await openModal(setup);
  try {
    return await work(cloud);
  } finally {
    cloud.close();
  }
}

const write = (text: string) => void process.stderr.write(printableLines(text));
const note = (text: string) => notify(`ictal: ${text}`);

/** Prints the lines of several sandboxes with their names; those of a single one unchanged. */
function printOutput(isAlone: boolean): NonNullable<RunOptions["onOutput"]> {
  const rest = new Map<string, string>();
  return (name, text) => {
    if (isAlone) return write(text);
    const lines = `${rest.get(name) ?? ""}${text}`.split("\n");
    rest.set(name, lines.pop() ?? "");
    for (const line of lines) write(`[${name}] ${line}\n`);
  };
}

const stopMessage = "its sandboxes are stopped, saved results are kept on the volume; continue with --resume";

/** Start one sandbox and leave it alone. */
async function detached(cloud: Cloud, spec: Parameters<Cloud["start"]>[0]): Promise<Outcome> {
  const { id } = await cloud.start(spec);
  const text = [
    `sandbox ${id} is running in the background`,
    `follow its output: ictal modal logs ${id}`,
    `stop it: ictal modal stop ${id}`,
  ];
  return { json: { detached: true, sandboxes: [id] }, text: text.join("\n") };
}

async function train(watch: RunWatch, flags: ModalFlags): Promise<Outcome> {
  const run = await remoteRun(flags);
  await watch.begin(run.config.experiment.name);
  return withCloud(await setupOf(flags), async (cloud) => {
    if (flags.detach) return detached(cloud, aloneSandbox(run, flags.resume ?? false));
    const options = { onOutput: printOutput(true), onNote: note };
    return withInterrupt(stopMessage, async (signal) => {
      const cache = await modalCache(cloud, run, { ...options, signal, shards: 1 });
      const report = await modalTrain(cloud, run, { ...options, signal, resume: flags.resume });
      const { steps, totalSteps, stopped } = report.train;
      return {
        json: { ...report, cache },
        text: `${steps} of ${totalSteps} steps (${stopped}) in ${report.sandboxes.length} sandboxes\nresults are on the volume ${flags.volume}: modal volume get ${flags.volume} …`,
      };
    });
  });
}

async function cache(watch: RunWatch, flags: ModalFlags): Promise<Outcome> {
  const run = await remoteRun(flags);
  await watch.begin(run.config.experiment.name);
  return withCloud(await setupOf(flags), async (cloud) => {
    if (flags.detach) return detached(cloud, cacheSandbox(run));
    return withInterrupt(stopMessage, async (signal) => {
      const onOutput = printOutput(flags.shards === 1);
      const report = await modalCache(cloud, run, { shards: flags.shards, onOutput, onNote: note, signal });
      return { json: report, text: `${report.shards.length} parts built, manifest written` };
    });
  });
}

/** Sandboxes of the configuration's run, or of the whole app without one. */
async function runningOf(cloud: Cloud, flags: ModalFlags & { readonly all?: boolean }) {
  const tags: Record<string, string> = flags.all ? {} : { run: (await remoteRun(flags)).config.experiment.name };
  return cloud.list(tags);
}

async function status(flags: ModalFlags & { readonly all?: boolean }): Promise<Outcome> {
  return withCloud(accountSetup(flags), async (cloud) => {
    const sandboxes = await runningOf(cloud, flags);
    const lines = sandboxes.map(({ id, tags: { run, job, part } }) =>
      printable(`${id}  ${run ?? "?"}  ${job ?? "?"}${part ? ` ${part}` : ""}`),
    );
    return { json: { sandboxes }, text: lines.join("\n") || "no sandbox is running" };
  });
}

/** The sandbox that is named, or the only one that runs. */
async function chosen(cloud: Cloud, id: string | undefined, flags: ModalFlags): Promise<Sandbox> {
  if (id !== undefined) return cloud.open(id);
  const running = await runningOf(cloud, flags);
  const [only] = running;
  if (only && running.length === 1) return cloud.open(only.id);
  const ids = running.map(({ id: each }) => each).join(", ");
  throw new ModalError(
    running.length === 0
      ? "no sandbox of this run is running; give the id of one: ictal modal logs ID"
      : `${running.length} sandboxes of this run are running: ${ids}; give one of these ids`,
  );
}

async function logs(id: string | undefined, flags: ModalFlags): Promise<Outcome> {
  return withCloud(accountSetup(flags), (cloud) =>
    withInterrupt("the sandbox keeps running", async (signal) => {
      const sandbox = await chosen(cloud, id, flags);
      const print = async (stream: AsyncIterable<string>) => {
        for await (const text of stream) write(text);
      };
      let remove = () => {};
      const aborted = new Promise<never>((_, reject) => {
        remove = onAbort(signal, () => reject(signal.reason as Error));
      });
      const end = Promise.all([print(sandbox.stdout), print(sandbox.stderr), sandbox.wait()]);
      const [, , exitCode] = await Promise.race([end, aborted]).finally(() => remove());
      return { json: { sandbox: sandbox.id, exitCode }, text: `${sandbox.id} ended with exit code ${exitCode}` };
    }),
  );
}

async function stop(id: string | undefined, flags: ModalFlags): Promise<Outcome> {
  return withCloud(accountSetup(flags), async (cloud) => {
    const ids = id === undefined ? (await runningOf(cloud, flags)).map((each) => each.id) : [id];
    for (const each of ids) await (await cloud.open(each)).stop();
    return { json: { stopped: ids }, text: ids.map((each) => `stopped ${each}`).join("\n") || "no sandbox is running" };
  });
}

function addAccountOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration, in configs/", "configs/tusz_train_a100.yaml")
    .option("--set <section.key=value>", "override a configuration value; repeatable", collect)
    .option("--app <name>", "Modal app", process.env.ICTAL_MODAL_APP ?? "ictal")
    .option("--environment <name>", "Modal environment (default: the profile's)")
    .option("--json", "print one JSON document");
}

function addRunOptions(command: Command): Command {
  const { env } = process;
  return addAccountOptions(command)
    .option("--bucket <name>", "bucket of the corpus, mounted read-only at /data", env.ICTAL_MODAL_BUCKET)
    .option(
      "--bucket-prefix <folder/>",
      "folder of the bucket that is mounted at /data",
      parsePrefix,
      env.ICTAL_MODAL_BUCKET_PREFIX ?? "tusz/",
    )
    .option(
      "--bucket-secret <name>",
      "secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
      env.ICTAL_MODAL_BUCKET_SECRET ?? "aws-secret",
    )
    .option("--bucket-endpoint <url>", "endpoint of a bucket that is not on AWS")
    .option(
      "--volume <name>",
      "volume mounted at /results; created if missing",
      env.ICTAL_MODAL_VOLUME ?? "ictal-results",
    )
    .option("--secret <name>", "further secret, as environment variables; repeatable", collect)
    .option("--image <tag>", "image in a registry (default: built from deploy/Dockerfile and this checkout)")
    .addOption(acceptOption("cache", "codes for which the cache may exclude a recording"))
    .option("--detach", "start one sandbox in the background");
}

const HELP = `
train first builds missing parts of the cache without a GPU, then trains; when a sandbox reaches its limit of 24 hours, the
next one resumes. Paths of the project become paths of the sandbox: cache/tusz is /results/cache/tusz. Ctrl-C stops the
sandboxes; with --detach one runs in the background, and "train --resume --detach" continues after its limit.

Examples:
  npm run modal -- train --bucket my-eeg-bucket
  ictal modal cache --shards 16 --bucket my-eeg-bucket
  ictal modal status`;

/** Adds `ictal modal train|cache|status|logs|stop`. */
export function addModalCommand(program: Command): void {
  const modal = program
    .command("modal")
    .description("train and build the cache in sandboxes on Modal")
    .addHelpText("after", HELP);
  addRunOptions(modal.command("train"))
    .description("train on a cloud GPU until finished")
    .option("--gpu <name>", "GPU of the training sandbox", "A100-80GB")
    .option("--resume", "continue from the newest checkpoint on the volume")
    .action(action(watched("modal train", train)));
  addRunOptions(modal.command("cache"))
    .description("build the cache on the volume, one sandbox per part")
    .option("--shards <n>", "number of parts, one sandbox each", parseCount(1, 500), 4)
    .action(action(watched("modal cache", cache)));
  addAccountOptions(modal.command("status"))
    .description("list the running sandboxes of a run")
    .option("--all", "of all runs of the app")
    .action(action(status));
  addAccountOptions(modal.command("logs").argument("[sandbox]", "id (default: the only running one)"))
    .description("follow the output of a sandbox")
    .action(action(logs));
  addAccountOptions(modal.command("stop").argument("[sandbox]", "id (default: all of the run)"))
    .description("stop sandboxes; saved results stay on the volume")
    .action(action(stop));
}
