import type * as modal from "modal";
import { type Cloud, type CloudSetup, ModalError, type Sandbox, type SandboxSpec } from "./cloud.js";

const TOKEN = "set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, or write them with: modal token new";

const BUCKET_KEYS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
/** Numbers of gRPC states. */
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

interface GrpcFault {
  readonly code: number;
  readonly details?: string;
}

const isGrpcFault = (error: unknown): error is Error & GrpcFault =>
  error instanceof Error && typeof (error as Partial<GrpcFault>).code === "number";

/** An error of the service with advice on how to fix it. */
function explain(error: unknown, doing: string): Error {
  if (!(error instanceof Error) || error instanceof ModalError) return error as Error;
  const reported = isGrpcFault(error) ? error.details || error.message : error.message;
  const wrap = (action: string) => new ModalError(`${doing}: ${reported}; ${action}`, { cause: error });
  const code = isGrpcFault(error) ? error.code : undefined;
  if (code === RESOURCE_EXHAUSTED || error.name === "ResourceExhaustedError")
    return wrap(
      "the workspace's limit or the service's supply is used up: wait, ask for another --gpu, or raise the limit at modal.com/settings",
    );
  if (code === UNAUTHENTICATED || code === PERMISSION_DENIED || /token ?(_|I)?d|credential/i.test(reported))
    return /missing credential/i.test(reported)
      ? new ModalError(`${doing}: there are no credentials; ${TOKEN}`, { cause: error }) // the service's words name a class of its own
      : wrap(TOKEN);
  if (code === UNAVAILABLE) return wrap("check the network, then try again");
  return wrap("finished work is kept; run the command again");
}

async function asked<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(error, doing);
  }
}

function wrapSandbox(sandbox: modal.Sandbox): Sandbox {
  return {
    id: sandbox.sandboxId,
    stdout: sandbox.stdout as unknown as AsyncIterable<string>, // Node's web streams are async iterables; the DOM's types are not
    stderr: sandbox.stderr as unknown as AsyncIterable<string>,
    wait: () => asked(`sandbox ${sandbox.sandboxId} cannot be followed`, () => sandbox.wait()),
    stop: () => asked(`sandbox ${sandbox.sandboxId} cannot be stopped`, () => sandbox.terminate()),
  };
}

/** Everything a sandbox is started with, looked up once. */
interface Resources {
  readonly app: modal.App;
  readonly image: modal.Image;
  readonly volume: modal.Volume;
  readonly bucketMount: modal.CloudBucketMount;
  readonly secrets: modal.Secret[];
}

/** The SDK's option for an environment; without it the profile's is used. */
const inEnvironment = (environment: string | undefined) => (environment === undefined ? {} : { environment });

async function findSecret(
  client: modal.ModalClient,
  name: string,
  environment: string | undefined,
  requiredKeys: readonly string[] = [],
): Promise<modal.Secret> {
  try {
    return await client.secrets.fromName(name, { ...inEnvironment(environment), requiredKeys: [...requiredKeys] });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "NotFoundError") throw explain(error, `secret "${name}"`);
    const keys = requiredKeys.map((key) => `${key}=…`).join(" ");
    throw new ModalError(
      `no secret "${name}" with the required keys: ${error.message}; create it with: modal secret create ${name} ${keys || "KEY=…"}`,
      {
        cause: error,
      },
    );
  }
}

async function findResources(client: modal.ModalClient, setup: CloudSetup): Promise<Resources> {
  const { environment, bucket } = setup;
  const app = await asked(`app "${setup.app}"`, () =>
    client.apps.fromName(setup.app, { ...inEnvironment(environment), createIfMissing: true }),
  );
  const bucketSecret = await findSecret(client, bucket.secret, environment, BUCKET_KEYS);
  const secrets: modal.Secret[] = [];
  for (const name of setup.secrets) secrets.push(await findSecret(client, name, environment));
  const volume = await asked(`volume "${setup.volume}"`, () =>
    client.volumes.fromName(setup.volume, { ...inEnvironment(environment), createIfMissing: true }),
  );
  const bucketMount = client.cloudBucketMounts.create(bucket.name, {
    secret: bucketSecret,
    readOnly: true,
    keyPrefix: bucket.keyPrefix,
    ...(bucket.endpoint !== undefined && { bucketEndpointUrl: bucket.endpoint }),
  });
  const image = await asked("the image cannot be built", () => imageOf(client, setup).build(app));
  return { app, volume, bucketMount, secrets, image };
}

function imageOf(client: modal.ModalClient, { image }: CloudSetup): modal.Image {
  if (typeof image === "string") return client.images.fromRegistry(image);
  return image.layers.reduce(
    (made, commands) => made.dockerfileCommands([...commands]),
    client.images.fromRegistry(image.base),
  );
}

async function startSandbox(
  client: modal.ModalClient,
  { app, image, volume, bucketMount, secrets }: Resources,
  spec: SandboxSpec,
): Promise<Sandbox> {
  const sandbox = await asked("no sandbox was started", () =>
    client.sandboxes.create(app, image, {
      command: [...spec.command],
      workdir: "/opt/ictal",
      ...(spec.gpu !== undefined && { gpu: spec.gpu }),
      cpu: spec.cpu,
      memoryMiB: spec.memoryMiB,
      timeoutMs: spec.timeoutSeconds * 1000,
      env: { ...spec.environment },
      secrets,
      volumes: { "/results": volume },
      cloudBucketMounts: { "/data": bucketMount },
      tags: { ...spec.tags },
    }),
  );
  return wrapSandbox(sandbox);
}

/**
 * Modal by its SDK. Credentials come from MODAL_TOKEN_ID and MODAL_TOKEN_SECRET or ~/.modal.toml. Secrets, volume and
 * image are looked up at the first start.
 */
export async function openModal(setup: CloudSetup, params: modal.ModalClientParams = {}): Promise<Cloud> {
  process.env.MODAL_SANDBOX_V2 ??= "0"; // the protocol that has GPUs, for all sandboxes alike; read when a client is made
  const { ModalClient } = await import("modal");
  const client = await asked("Modal cannot be reached", async () => new ModalClient(params));
  let resources: Promise<Resources> | undefined;
  return {
    async start(spec, { signal } = {}) {
      signal?.throwIfAborted();
      resources ??= findResources(client, setup);
      const found = await resources;
      signal?.throwIfAborted();
      const sandbox = await startSandbox(client, found, spec);
      if (signal?.aborted) await sandbox.stop(); // nobody else knows of it
      signal?.throwIfAborted();
      return sandbox;
    },
    async list(tags, { signal } = {}) {
      signal?.throwIfAborted();
      return asked("sandboxes cannot be listed", async () => {
        const environment = inEnvironment(setup.environment);
        const app = await client.apps.fromName(setup.app, { ...environment, createIfMissing: true });
        const found = [];
        for await (const sandbox of client.sandboxes.list({ appId: app.appId, tags, ...environment })) {
          signal?.throwIfAborted();
          found.push({ id: sandbox.sandboxId, tags: await sandbox.getTags() });
        }
        return found;
      });
    },
    async open(id, { signal } = {}) {
      signal?.throwIfAborted();
      return asked(`sandbox ${id}`, async () => wrapSandbox(await client.sandboxes.fromId(id)));
    },
    close: () => client.close(),
  };
}
