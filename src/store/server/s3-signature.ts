import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { encodeKey, encodeSegment, S3Failure } from "./s3-xml.js";

/** Signature version 4 in the Authorization header, as the server checks it ("Authenticating Requests", S3 API Reference). */

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The parts of a request that are signed; `path` and `query` as they were sent. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
}

const MAX_SKEW_MILLISECONDS = 15 * 60_000;
const EMPTY_SHA256 = createHash("sha256").update("").digest("hex");

/** Throws the S3Failure for a wrong, unknown, expired or missing signature. */
export function checkSignature(request: SignedRequest, credentials: Credentials, region: string | undefined): void {
  const { headers } = request;
  if (headers.authorization === undefined) throw new S3Failure(403, "AccessDenied", "Access Denied");
  const { accessKeyId, scope, signedHeaders, signature } = parseAuthorization(headers.authorization);
  if (accessKeyId !== credentials.accessKeyId) {
    throw new S3Failure(403, "InvalidAccessKeyId", "The access key id is not known to this server");
  }
  const [date = "", signedRegion = "", service, terminator] = scope.split("/");
  if (service !== "s3" || terminator !== "aws4_request") throw malformed(`credential scope ${scope} is not one of S3`);
  if (region !== undefined && signedRegion !== region) {
    const message = `The authorization header is malformed; the region '${signedRegion}' is wrong; expecting '${region}'`;
    throw new S3Failure(400, "AuthorizationHeaderMalformed", message, { elements: { Region: region } });
  }
  const time = checkTime(headers["x-amz-date"], date);
  checkPayloadHash(headers["x-amz-content-sha256"]);
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256Hex(canonicalRequest(request, signedHeaders))].join("\n");
  const expected = hmac(signingKey(credentials.secretAccessKey, date, signedRegion), text);
  const given = Buffer.from(signature, "hex");
  if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) {
    throw new S3Failure(403, "SignatureDoesNotMatch", "The signature does not match: check the secret access key");
  }
}

function parseAuthorization(header: string) {
  const found =
    /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (!found) throw malformed("expected AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature");
  const [, accessKeyId = "", scope = "", headerNames = "", signature = ""] = found;
  const signedHeaders = headerNames.split(";");
  if (!signedHeaders.includes("host")) throw malformed("host is not signed");
  return { accessKeyId, scope, signedHeaders, signature };
}

function malformed(what: string): S3Failure {
  return new S3Failure(400, "AuthorizationHeaderMalformed", `The authorization header is malformed: ${what}`);
}

function checkTime(header: string | string[] | undefined, date: string): string {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(header));
  if (!found) throw malformed("x-amz-date is missing or not YYYYMMDDTHHMMSSZ");
  const [time, ...fields] = found;
  const [year, month, day, hour, minute, second] = fields.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (!time.startsWith(date)) throw malformed("the credential's date is not that of x-amz-date");
  if (Math.abs(Date.UTC(year, month - 1, day, hour, minute, second) - Date.now()) > MAX_SKEW_MILLISECONDS) {
    throw new S3Failure(403, "RequestTimeTooSkewed", "The request's time is over 15 minutes from the server's");
  }
  return time;
}

// Requests that this read-only server takes have no body, so a signed payload is the empty one.
function checkPayloadHash(header: string | string[] | undefined): void {
  if (header === "UNSIGNED-PAYLOAD" || header === EMPTY_SHA256) return;
  if (header === undefined) throw new S3Failure(400, "InvalidRequest", "Missing required header: x-amz-content-sha256");
  throw new S3Failure(400, "XAmzContentSHA256Mismatch", "x-amz-content-sha256 does not match what was sent");
}

function canonicalRequest({ method, path, query, headers }: SignedRequest, signedHeaders: readonly string[]): string {
  const lines = signedHeaders.map((name) => {
    const value = headers[name];
    if (value === undefined) throw malformed(`signed header ${name} was not sent`);
    return `${name}:${String(value).trim().replace(/ +/g, " ")}\n`;
  });
  return [
    method,
    encodeKey(decode(path)),
    canonicalQuery(query),
    lines.join(""),
    signedHeaders.join(";"),
    headers["x-amz-content-sha256"],
  ].join("\n");
}

function canonicalQuery(query: string): string {
  const pairs = parseQuery(query).map(([name, value]) => [encodeSegment(name), encodeSegment(value)] as const);
  const byCode = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  pairs.sort((a, b) => byCode(a[0], b[0]) || byCode(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** Names and values of a query string; "+" stays a plus, as S3 signs it. */
export function parseQuery(query: string): [string, string][] {
  if (query === "") return [];
  return query.split("&").map((pair) => {
    const cut = pair.indexOf("=");
    return cut < 0 ? [decode(pair), ""] : [decode(pair.slice(0, cut)), decode(pair.slice(cut + 1))];
  });
}

/** Percent-decoding; an invalid escape is a 400 response. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Failure(400, "InvalidURI", `Could not parse the specified URI: ${text}`);
  }
}

const sha256Hex = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
const signingKey = (secret: string, date: string, region: string) =>
  hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), "s3"), "aws4_request");
