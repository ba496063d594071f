import { createRequire } from "node:module";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { createHttpAgent, createHttpsAgent } from "./s3-agent.js";
import { connectionLimitsOf, endpointOf, type S3StoreOptions, stallMillisecondsOf } from "./s3-options.js";

export type Sdk = typeof import("@aws-sdk/client-s3");

/** A connected client and its region, for error messages. */
export interface S3Connection {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly region: string;
}

/** Loads the SDK, which costs some 100 ms, and builds a client. */
export async function connectS3(options: S3StoreOptions): Promise<S3Connection> {
  const sdk = createRequire(import.meta.url)("@aws-sdk/client-s3") as Sdk; // by import, Node reads its CommonJS text twice
  const client = createClient(sdk, options, options.region);
  try {
    return { sdk, client, region: await client.config.region() };
  } catch {
    client.destroy(); // no region is configured anywhere: the SDK follows redirects from the first one to the right one
    const region = "us-east-1";
    return { sdk, client: createClient(sdk, options, region), region };
  }
}

const ANONYMOUS = { accessKeyId: "anonymous", secretAccessKey: "anonymous" };

function createClient(sdk: Sdk, options: S3StoreOptions, region: string | undefined): S3Client {
  const endpoint = endpointOf(options);
  const { maxConnections, connectMilliseconds } = connectionLimitsOf(options);
  const stall = stallMillisecondsOf(options);
  const agent = { maxSockets: maxConnections, keepAlive: true };
  const config: S3ClientConfig = {
    maxAttempts: 1, // retries are ours: they cover the body too, which the SDK's do not
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    followRegionRedirects: endpoint === undefined,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED", // digests are checked by the reader, resumed bodies included
    requestHandler: {
      connectionTimeout: connectMilliseconds,
      requestTimeout: stall,
      socketTimeout: stall,
      throwOnRequestTimeout: true,
      httpAgent: createHttpAgent(agent),
      httpsAgent: createHttpsAgent(agent),
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(options.credentials && { credentials: options.credentials }),
    // the SDK looks for credentials even when nothing is signed, so it is given some that are never sent
    ...(options.anonymous && { credentials: ANONYMOUS, signer: { sign: async (request) => request } }),
  };
  return withoutVersionWarning(() => new sdk.S3Client(config));
}

const WARNING_SWITCH = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED";

/** The SDK's switch for its warning about future Node versions, which is useless with pinned dependencies. */
function withoutVersionWarning<T>(create: () => T): T {
  const before = process.env[WARNING_SWITCH];
  process.env[WARNING_SWITCH] = "true";
  try {
    return create();
  } finally {
    if (before === undefined) delete process.env[WARNING_SWITCH];
    else process.env[WARNING_SWITCH] = before;
  }
}
