// Apart from the client, whose types are the SDK's: whoever checks code that imports the library need not read those.

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
