// Apart from the client, whose types are the SDK's: whoever checks code that imports the library need not read those.
import { requireCounts, requireNumbers } from "@ictal/base/options";

/** How to connect to a bucket. */
export interface S3StoreOptions {
  readonly bucket: string;
  /** Prefix within the bucket that keys are relative to. @default the whole bucket */
  readonly prefix?: string | undefined;
  /** Address of an S3-compatible service. @default AWS_ENDPOINT_URL_S3, then AWS_ENDPOINT_URL, then AWS itself */
  readonly endpoint?: string | undefined;
  /** @default AWS_REGION, then the profile's region, then us-east-1 */
  readonly region?: string | undefined;
  /** Name in the shared AWS configuration files. @default AWS_PROFILE, then "default" */
  readonly profile?: string | undefined;
  /** @default the SDK's chain: environment, shared files, single sign-on, container, machine */
  readonly credentials?:
    | {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken?: string;
      }
    | undefined;
  /** Send unsigned requests, for public buckets. @default false */
  readonly anonymous?: boolean | undefined;
  /** Agree to pay for requests and transfer. @default false */
  readonly requesterPays?: boolean | undefined;
  /** Put the bucket into the path instead of the host name. @default true with an endpoint, else false */
  readonly forcePathStyle?: boolean | undefined;
  /** Most open connections; keep it above the number of reads at a time. @default 256 */
  readonly maxConnections?: number | undefined;
  /**
   * A connection without data for this time, or slower than 1 KiB/s over it, is closed and the download resumed; responses
   * other than bodies have eight times as long. @default ICTAL_S3_STALL_SECONDS, then 15000
   */
  readonly stallMilliseconds?: number | undefined;
  /** @default 2500 */
  readonly connectMilliseconds?: number | undefined;
  /** First wait before a retry; doubled each time. @default 200 */
  readonly backoffMilliseconds?: number | undefined;
  /** Use a 32-digit ETag of an unencrypted object as its MD5. @default true */
  readonly etagIsMd5?: boolean | undefined;
}

const STALL_MILLISECONDS = 15_000;

/** The stall timeout: the option, else the environment variable, else 15 s. RangeError when it is not a valid time. */
export function stallMillisecondsOf({ stallMilliseconds }: Pick<S3StoreOptions, "stallMilliseconds">): number {
  const { ICTAL_S3_STALL_SECONDS: seconds = "" } = process.env;
  const milliseconds = stallMilliseconds ?? (seconds === "" ? STALL_MILLISECONDS : 1000 * Number(seconds));
  if (milliseconds > 0 && milliseconds < 2 ** 28) return milliseconds; // eight times as much is what a timer can hold
  const name = stallMilliseconds === undefined ? "ICTAL_S3_STALL_SECONDS" : "stallMilliseconds";
  throw new RangeError(`invalid ${name}: ${stallMilliseconds ?? seconds}; expected a time above 0, at most three days`);
}

/** The endpoint to use: the option's, else the environment's, else undefined for AWS. RangeError when it is no URL. */
export function endpointOf(options: Pick<S3StoreOptions, "endpoint">): string | undefined {
  const ignoreEnvironment = process.env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === "true";
  const fromEnvironment = process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL;
  const endpoint = options.endpoint || (ignoreEnvironment ? undefined : fromEnvironment) || undefined;
  if (endpoint !== undefined && !(URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol))) {
    throw new RangeError(`invalid endpoint: ${endpoint}; expected http://host:port or https://host`);
  }
  return endpoint;
}

/** The client's own limits, checked. RangeError for what is no count, no time or negative. */
export function connectionLimitsOf(options: S3StoreOptions): { maxConnections: number; connectMilliseconds: number } {
  const { maxConnections, stallMilliseconds, connectMilliseconds, backoffMilliseconds } = options;
  requireCounts({ maxConnections });
  requireNumbers({ stallMilliseconds, connectMilliseconds }, { above: 0 });
  requireNumbers({ backoffMilliseconds }, { least: 0 });
  return { maxConnections: maxConnections ?? 256, connectMilliseconds: connectMilliseconds ?? 2500 };
}
