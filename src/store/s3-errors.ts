import { NotFoundError, StoreError } from "@ictal/base/errors";
import { ownValue } from "@ictal/base/records";

/** Target of a request, for messages; contains no secret. */
export interface S3Target {
  readonly bucket: string;
  /** Origin of a custom endpoint; undefined for AWS. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly profile?: string;
  readonly anonymous?: boolean;
  readonly key?: string;
}

/** Fields that the SDK and Node set on errors, as far as they are used here. */
export interface RawError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
  /** The region a wrong-region answer names. */
  readonly actualRegion?: string;
}

interface SdkFields {
  name?: string;
  message?: string;
  code?: string;
  Code?: string;
  Region?: string;
  errors?: { code?: string }[];
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number; headers?: Record<string, string> };
}

/** Reads the fields that identify an error. */
export function rawError(error: unknown): RawError {
  const { name = "", message = "", code, Code, Region, errors, $metadata, $response } = error as SdkFields;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const actualRegion = Region ?? $response?.headers?.["x-amz-bucket-region"];
  const network = code ?? errors?.[0]?.code; // Node reports several refused addresses as one AggregateError
  return {
    name: Code ?? name,
    message,
    ...(network !== undefined && { code: network }),
    ...(status !== undefined && { status }),
    ...(actualRegion !== undefined && { actualRegion }),
  };
}

const REFUSED = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL", "EHOSTDOWN", "ENETDOWN"]);
const UNKNOWN_HOST = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA"]);
const BROKEN = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE", "ETIMEDOUT"]);
const BUSY = new Set([
  "SlowDown",
  "InternalError",
  "ServiceUnavailable",
  "RequestTimeout",
  "RequestLimitExceeded",
  "Throttling",
  "ThrottlingException",
  "TooManyRequests",
]);

/**
 * How to retry after an error: "busy" the service is overloaded, "connect" it was not reached, "broken" the connection
 * failed, "skew" the clock was wrong and the SDK now corrects it, "final" a retry is useless.
 */
export function retryKind(error: RawError): "busy" | "connect" | "broken" | "skew" | "final" {
  const { name, message, code = "", status = 0 } = error;
  if (REFUSED.has(code) || UNKNOWN_HOST.has(code) || isConnectTimeout(error)) return "connect";
  if (BUSY.has(name) || status === 429 || (status >= 500 && status !== 501)) return "busy";
  if (name === "RequestTimeTooSkewed") return "skew";
  if (name === "TimeoutError" || BROKEN.has(code) || message === "aborted") return "broken";
  return "final";
}

function isConnectTimeout({ name, message }: RawError): boolean {
  return name === "TimeoutError" && message.includes("did not establish a connection");
}

/** Codes of failures that every further request would have too, so that a long task stops at once. */
export const NON_RETRYABLE_CODES: ReadonlySet<string> = new Set([
  "NoCredentials",
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "ExpiredToken",
  "InvalidToken",
  "WrongRegion",
  "Unreachable",
  "UnknownHost",
  "Certificate",
  "NotS3",
  "RequestTimeTooSkewed",
]);

/** One of our errors for a failed request: what happened, where, and what to do. */
export function explainS3Error(error: unknown, place: S3Target, attempt: number): NotFoundError | StoreError {
  const raw = rawError(error);
  const target = place.key === undefined ? `bucket "${place.bucket}"` : `s3://${place.bucket}/${place.key}`;
  const where = place.endpoint ?? `AWS (region ${place.region})`;
  if (raw.name === "NoSuchBucket") {
    const message = `no bucket "${place.bucket}" at ${where}; check the bucket's name${place.endpoint ? " and the endpoint" : ", or set the endpoint of the service that has it"}`;
    return new NotFoundError(message, place.bucket, { cause: error });
  }
  if (raw.name === "NoSuchKey") {
    return new NotFoundError(`no object ${target} at ${where}`, place.key ?? place.bucket, { cause: error });
  }
  const [code, text] = describe(raw, place, target, where);
  const details = {
    code,
    attempt,
    ...(place.key !== undefined && { key: place.key }),
    ...(raw.status !== undefined && { status: raw.status }),
  };
  return new StoreError(attempt > 1 ? `${text} (tried ${attempt} times)` : text, details, { cause: error });
}

type Described = [code: string, text: string];

function describe(raw: RawError, place: S3Target, target: string, where: string): Described {
  return (
    describeNetwork(raw, target, where) ??
    describeObject(raw, place, target, where) ??
    describeLogin(raw, place, target, where) ??
    describeRest(raw, target, where)
  );
}

function describeNetwork(raw: RawError, target: string, where: string): Described | undefined {
  const { code = "", name } = raw;
  if (UNKNOWN_HOST.has(code)) {
    return [
      "UnknownHost",
      `cannot find the host of ${where} (${code}) for ${target}; check the endpoint's name, the region and the network's DNS`,
    ];
  }
  if (REFUSED.has(code)) {
    return [
      "Unreachable",
      `cannot reach ${where} (${code}) for ${target}; check that the service is running and that host and port are correct`,
    ];
  }
  if (isConnectTimeout(raw)) {
    return ["Unreachable", `connecting to ${where} timed out for ${target}; check host, port, firewall and network`];
  }
  if (/CERT|SELF_SIGNED|SSL|TLS|ALTNAME/.test(code)) {
    return [
      "Certificate",
      `the certificate of ${where} is not trusted (${code}); set NODE_EXTRA_CA_CERTS to the certificate of its authority, or use http:// if the service has no TLS`,
    ];
  }
  if (code === "EPROTO" || code.startsWith("HPE_")) {
    return ["NotS3", `${where} does not use the expected protocol (${code}); check http:// or https:// and the port`];
  }
  if (name === "TimeoutError")
    return [
      "Stalled",
      `${where} stopped sending data for ${target}; try again later, or raise stallMilliseconds (ICTAL_S3_STALL_SECONDS)`,
    ];
  if (BROKEN.has(code) || raw.message === "aborted") {
    return ["Broken", `the connection to ${where} was closed during the transfer of ${target}; try again`];
  }
  return undefined;
}

/** One name for what services and SDK call by several. */
const LOGIN_FAULTS: Readonly<Record<string, string>> = {
  CredentialsProviderError: "NoCredentials",
  TokenProviderError: "NoCredentials",
  InvalidAccessKeyId: "InvalidAccessKeyId",
  XAdminUserNotFound: "InvalidAccessKeyId", // versitygw
  XMinioAdminNoSuchUser: "InvalidAccessKeyId",
  InvalidClientTokenId: "InvalidAccessKeyId",
  UnrecognizedClientException: "InvalidAccessKeyId",
  SignatureDoesNotMatch: "SignatureDoesNotMatch",
  ExpiredToken: "ExpiredToken",
  InvalidToken: "ExpiredToken",
  TokenRefreshRequired: "ExpiredToken",
  RequestTimeTooSkewed: "RequestTimeTooSkewed",
  AuthorizationHeaderMalformed: "WrongRegion",
  PermanentRedirect: "WrongRegion",
  IllegalLocationConstraintException: "WrongRegion",
};

function describeLogin(raw: RawError, place: S3Target, target: string, where: string): Described | undefined {
  const using = place.profile === undefined ? "" : ` of profile "${place.profile}"`;
  switch (ownValue(LOGIN_FAULTS, raw.name)) {
    case "NoCredentials":
      return [
        "NoCredentials",
        `no usable credentials${using} for ${target} at ${where}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile that exists; for a public bucket set ICTAL_S3_ANONYMOUS=1 (s3 pull also takes --profile and --anonymous)`,
      ];
    case "InvalidAccessKeyId":
      return [
        "InvalidAccessKeyId",
        `${where} does not know the access key id${using} used for ${target}; check AWS_ACCESS_KEY_ID or the profile`,
      ];
    case "SignatureDoesNotMatch":
      return [
        raw.name,
        `${where} refuses the signature${using} for ${target}: the secret does not belong to the access key id; check AWS_SECRET_ACCESS_KEY or the profile`,
      ];
    case "ExpiredToken":
      return [
        "ExpiredToken",
        `the session${using} used for ${target} has expired or is not valid at ${where}; log in again (aws sso login) or set fresh credentials`,
      ];
    case "RequestTimeTooSkewed":
      return [raw.name, `this machine's clock is too far from that of ${where}; set the clock`];
    case "WrongRegion":
      return wrongRegion(raw, place, where);
  }
  if (raw.status === 301 || raw.status === 307) return wrongRegion(raw, place, where);
  if (raw.status === 403 || raw.status === 401) return ["AccessDenied", denied(place, target, where, using)];
  return undefined;
}

function wrongRegion(raw: RawError, place: S3Target, where: string): Described {
  const actual = raw.actualRegion;
  const found = actual ? `lives in region ${actual}` : "lives in another region";
  const action = actual
    ? `set --region ${actual} or AWS_REGION=${actual}`
    : "set --region or AWS_REGION to the bucket's region";
  return [
    "WrongRegion",
    `bucket "${place.bucket}" ${found}, but ${where} was asked in region ${place.region}; ${action}`,
  ];
}

function denied(place: S3Target, target: string, where: string, using: string): string {
  if (place.anonymous)
    return `${where} denies ${target} to anonymous requests; remove --anonymous or ICTAL_S3_ANONYMOUS, and provide credentials`;
  return `${where} denies ${target} to the credentials${using}; they need s3:ListBucket and s3:GetObject, and a requester-pays bucket needs --requester-pays`;
}

/** Errors of the bucket name and of one object, which have the status of an authentication error. */
function describeObject(raw: RawError, place: S3Target, target: string, where: string): Described | undefined {
  if (raw.name === "InvalidBucketName") return [raw.name, `"${place.bucket}" is not a legal bucket name at ${where}`];
  if (raw.name === "InvalidObjectState")
    return [raw.name, `${target} is archived (Glacier); restore it in ${where} first`];
  return undefined;
}

function describeRest(raw: RawError, target: string, where: string): Described {
  if (retryKind(raw) === "busy")
    return [
      raw.name,
      `${where} was too busy for ${target} (${raw.name}); try again later or with a lower --concurrency`,
    ];
  if (raw.status !== undefined && (raw.status < 300 || raw.status === 404)) {
    return [
      "NotS3",
      `${where} sent a response for ${target} that is not an S3 response (status ${raw.status}); check the endpoint`,
    ];
  }
  if (raw.status !== undefined && raw.status < 400)
    return [
      "NotS3",
      `${where} sent a redirect for ${target} (status ${raw.status}), as login pages do; check that the endpoint is the S3 service itself`,
    ];
  const status = raw.status === undefined ? "" : `status ${raw.status}, `;
  return [raw.name || "Unknown", `${where} failed for ${target}: ${status}${raw.name} ${raw.message}`.trimEnd()];
}
