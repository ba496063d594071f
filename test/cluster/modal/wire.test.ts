import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { projectDir, projectPath } from "../../../src/base/project.js";
import type { CloudSetup } from "../../../src/cluster/modal/cloud.js";
import { imageRecipe } from "../../../src/cluster/modal/image.js";
import { modalTrain } from "../../../src/cluster/modal/run.js";
import { type RemoteRun, remoteConfigFile, trainSandbox } from "../../../src/cluster/modal/sandboxes.js";
import { openModal } from "../../../src/cluster/modal/sdk-cloud.js";
import { loadConfig } from "../../../src/config/load-config.js";
import {
  type Fields,
  type Handlers,
  type Loopback,
  message,
  messagesOf,
  numberOf,
  Refusal,
  startLoopback,
  textOf,
  textsOf,
} from "./loopback.js";

const far = Math.floor(Date.now() / 1000) + 24 * 3600;
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const SUCCESS = 1;
const TIMEOUT = 4;

/** Answers of a service on which everything works; `ends` are the results of the sandboxes in order. */
function healthy(ends: readonly { status: number; stdout: string }[], changes: Handlers = {}): Handlers {
  let started = 0;
  let listed = 0;
  const idOf = (number: number) => `sb-${String(number).padStart(22, "0")}`;
  const endOf = (fields: Fields) => ends[Number(textOf(fields, 1)!.slice(3)) - 1]!;
  return {
    AuthTokenGet: () => [message({ 1: `${part({ alg: "none" })}.${part({ exp: far })}.x` })],
    AppGetOrCreate: () => [message({ 1: "ap-1" })],
    EnvironmentGetOrCreate: () => [message({ 1: "en-1", 2: message({ 1: "main", 2: message({ 1: "2025.06" }) }) })],
    ImageGetOrCreate: () => [message({ 1: "im-1", 2: message({ 1: SUCCESS }) })],
    SecretGetOrCreate: () => [message({ 1: "st-1" })],
    VolumeGetOrCreate: () => [message({ 1: "vo-1" })],
    SandboxCreate: () => {
      started += 1;
      return [message({ 1: idOf(started) })];
    },
    SandboxGetTaskId: () => [message({ 1: "ta-1" })],
    SandboxGetLogs: (fields) => {
      const { stdout } = endOf(fields);
      const text = numberOf(fields, 2) === 1 ? stdout : "epoch 1\n";
      const end = message({ 5: "2-0", 14: true });
      return text === "" ? [end] : [message({ 2: message({ 1: text }), 5: "1-0" }), end];
    },
    SandboxWait: (fields) => [message({ 1: message({ 1: endOf(fields).status }) })],
    SandboxList: () => [listed++ === 0 ? message({ 1: message({ 1: idOf(7) }) }) : message({})],
    SandboxTagsGet: () => [message({ 1: [message({ 1: "run", 2: "mine" }), message({ 1: "job", 2: "train" })] })],
    SandboxTerminate: () => [message({})],
    ...changes,
  };
}

async function serve(context: TestContext, handlers: Handlers): Promise<Loopback> {
  const server = await startLoopback(handlers);
  context.after(() => server.close());
  return server;
}

const setup: CloudSetup = {
  app: "ictal",
  image: { base: "example/base:1", layers: [["RUN one"], ["RUN two", "RUN three"]] },
  bucket: { name: "my-bucket", keyPrefix: "tusz/", secret: "aws-secret" },
  volume: "ictal-results",
  secrets: ["webhook"],
};

async function open(context: TestContext, server: Loopback, given: CloudSetup = setup) {
  process.env.MODAL_SERVER_URL = server.url;
  process.env.MODAL_CONFIG_PATH = "/dev/null"; // never the user's own account
  const cloud = await openModal(given, {
    tokenId: "ak-test",
    tokenSecret: "as-test",
    environment: "main",
    maxRetries: 0,
  });
  context.after(() => cloud.close());
  return cloud;
}

async function runOf(name: string): Promise<RemoteRun> {
  const { config } = await loadConfig(projectPath(`configs/${name}.yaml`), { environment: {} });
  return { config, configFile: remoteConfigFile(projectPath(`configs/${name}.yaml`)), set: [] };
}

const requests = (server: Loopback, method: string) =>
  server.calls.filter((call) => call.method === method).map(({ fields }) => fields);

test("a training sandbox asks for an A100, 24 hours, the bucket read-only, the volume and the command", async (context) => {
  const report = { steps: 10, totalSteps: 10, stopped: "finished" };
  const server = await serve(context, healthy([{ status: SUCCESS, stdout: JSON.stringify(report) }]));
  const cloud = await open(context, server);
  const output: string[] = [];
  const done = await modalTrain(cloud, await runOf("tusz_train_a100"), { onOutput: (_, text) => output.push(text) });
  assert.deepEqual(done.train, report);
  assert.equal(output.join(""), "epoch 1\n", "what the sandbox says on stderr is streamed");
  const [create] = requests(server, "SandboxCreate");
  assert.equal(textOf(create!, 1), "ap-1");
  const definition = messagesOf(create!, 2)[0]!;
  assert.deepEqual(textsOf(definition, 1), [
    "node",
    "src/cli/ictal.mjs",
    "train",
    "--config",
    "configs/tusz_train_a100.yaml",
    "--set",
    "data.data_dir=/data/edf/train",
    "--set",
    "data.cache_dir=/results/cache/tusz",
    "--set",
    "experiment.output_dir=/results/tusz_a100_100ep",
    "--set",
    "training.max_hours=23.5",
    "--json",
  ]);
  assert.equal(textOf(definition, 3), "im-1");
  assert.equal(numberOf(definition, 7), 86_400);
  assert.equal(textOf(definition, 8), "/opt/ictal");
  const resources = messagesOf(definition, 5)[0]!;
  assert.equal(numberOf(resources, 2), 96 * 1024);
  assert.equal(numberOf(resources, 3), 16_000);
  const gpu = messagesOf(resources, 4)[0]!;
  assert.deepEqual([textOf(gpu, 4), numberOf(gpu, 2)], ["A100-80GB", 1]);
  const volume = messagesOf(definition, 13)[0]!;
  assert.deepEqual([textOf(volume, 1), textOf(volume, 2), numberOf(volume, 4)], ["vo-1", "/results", 0]);
  const bucket = messagesOf(definition, 14)[0]!;
  assert.equal(textOf(bucket, 1), "my-bucket");
  assert.equal(textOf(bucket, 2), "/data");
  assert.equal(textOf(bucket, 3), "st-1");
  assert.equal(numberOf(bucket, 4), 1, "read-only");
  assert.equal(textOf(bucket, 8), "tusz/");
  const tags = messagesOf(create!, 4).map((tag) => [textOf(tag, 1), textOf(tag, 2)]);
  assert.deepEqual(Object.fromEntries(tags), { job: "train", run: "tusz_a100_100ep" });
});

test("app, image layers, volume and secrets are looked up by name, with credentials in the metadata", async (context) => {
  const server = await serve(context, healthy([]));
  const cloud = await open(context, server);
  await cloud.start(trainSandbox(await runOf("smoke_test"), false));
  const [app] = requests(server, "AppGetOrCreate");
  assert.equal(textOf(app!, 1), "ictal");
  const images = requests(server, "ImageGetOrCreate").map((fields) => textsOf(messagesOf(fields, 2)[0]!, 6));
  assert.deepEqual(images, [["FROM example/base:1"], ["FROM base", "RUN one"], ["FROM base", "RUN two", "RUN three"]]);
  const [volume] = requests(server, "VolumeGetOrCreate");
  assert.deepEqual([textOf(volume!, 1), numberOf(volume!, 4)], ["ictal-results", 1]);
  const secrets = requests(server, "SecretGetOrCreate");
  assert.deepEqual(
    secrets.slice(0, 2).map((fields) => [textOf(fields, 1), textsOf(fields, 7)]),
    [
      ["aws-secret", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]],
      ["webhook", []],
    ],
  );
  const variables = messagesOf(secrets[2]!, 5).map((entry) => [textOf(entry, 1), textOf(entry, 2)]);
  assert.deepEqual(variables, [["BGB_LIMIT_FILES", "50"]], "a smoke test limits itself to 50 recordings");
  const { headers } = server.calls.find(({ method }) => method === "SandboxCreate")!;
  assert.equal(headers["x-modal-token-id"], "ak-test");
});

test("a sandbox at its time limit is followed by one that resumes", async (context) => {
  const report = { steps: 9, totalSteps: 9, stopped: "finished" };
  const server = await serve(
    context,
    healthy([
      { status: TIMEOUT, stdout: "" },
      { status: SUCCESS, stdout: JSON.stringify(report) },
    ]),
  );
  const cloud = await open(context, server);
  const { sandboxes } = await modalTrain(cloud, await runOf("tusz_train_a100"));
  assert.equal(sandboxes.length, 2);
  const resumed = requests(server, "SandboxCreate").map((fields) =>
    textsOf(messagesOf(fields, 2)[0]!, 1).includes("--resume"),
  );
  assert.deepEqual(resumed, [false, true]);
  assert.equal(requests(server, "ImageGetOrCreate").length, 3, "base and two layers are asked for once");
});

test("a secret that is missing is named with the command that makes it", async (context) => {
  const server = await serve(
    context,
    healthy([], {
      SecretGetOrCreate: () => {
        throw new Refusal(5, "Secret 'aws-secret' not found");
      },
    }),
  );
  const cloud = await open(context, server);
  await assert.rejects(cloud.start(trainSandbox(await runOf("smoke_test"), false)), {
    name: "ModalError",
    message: /no secret "aws-secret".*modal secret create aws-secret AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…/,
  });
  assert.equal(requests(server, "SandboxCreate").length, 0);
});

test("a used-up quota says so and what to do", async (context) => {
  const server = await serve(
    context,
    healthy([], {
      SandboxCreate: () => {
        throw new Refusal(8, "GPU limit of 0 reached");
      },
    }),
  );
  const cloud = await open(context, server);
  await assert.rejects(cloud.start(trainSandbox(await runOf("smoke_test"), false)), {
    name: "ModalError",
    message: /GPU limit of 0 reached; the workspace's limit .*--gpu/,
  });
});

test("credentials that the service refuses are told apart", async (context) => {
  const refuse = () => {
    throw new Refusal(16, "token is not valid");
  };
  const server = await serve(context, healthy([], { AppGetOrCreate: refuse, AuthTokenGet: refuse }));
  const cloud = await open(context, server);
  await assert.rejects(cloud.start(trainSandbox(await runOf("smoke_test"), false)), {
    name: "ModalError",
    message: /MODAL_TOKEN_ID and MODAL_TOKEN_SECRET/,
  });
});

test("running sandboxes are listed with their tags and stopped by id", async (context) => {
  const server = await serve(context, healthy([]));
  const cloud = await open(context, server);
  const [found] = await cloud.list({ run: "mine" });
  assert.deepEqual(found?.tags, { run: "mine", job: "train" });
  const [list] = requests(server, "SandboxList");
  assert.equal(textOf(list!, 1), "ap-1");
  assert.deepEqual(
    messagesOf(list!, 5).map((tag) => [textOf(tag, 1), textOf(tag, 2)]),
    [["run", "mine"]],
  );
  await (await cloud.open(found!.id)).stop();
  assert.deepEqual(
    requests(server, "SandboxTerminate").map((fields) => textOf(fields, 1)),
    [found!.id],
  );
});

test("the image of deploy/Dockerfile goes over the wire with the project inside", async (context) => {
  const server = await serve(context, healthy([]));
  const cloud = await open(context, server, { ...setup, image: await imageRecipe(projectDir) });
  await cloud.start(trainSandbox(await runOf("smoke_test"), false));
  const layers = requests(server, "ImageGetOrCreate").map((fields) => textsOf(messagesOf(fields, 2)[0]!, 6));
  assert.equal(layers.length, 6, "the base, its packages, and one for each COPY");
  assert.match(layers[0]![0]!, /^FROM nvidia\/cuda:12/);
  assert.ok(layers[4]!.some((command) => command.includes("npm ci")));
  for (const command of layers.flat()) {
    assert.ok(command.length < 128 * 1024, "one argument of a process");
    assert.doesNotMatch(command, /^(COPY|USER|VOLUME|HEALTHCHECK|ENTRYPOINT|CMD) /);
  }
});
