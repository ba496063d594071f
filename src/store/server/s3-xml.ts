/** XML of S3 responses. */

/** Text as XML character data; control characters that XML 1.0 cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  const legal = text.replace(UNSTORABLE, "\ufffd");
  return legal.replace(/[&<>"\r]/g, (found) => ESCAPES[found] ?? found);
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;" };
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 has no way to write
const UNSTORABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** An element; `undefined` content gives nothing. `content` is XML already. */
export function element(name: string, content: string | number | boolean | undefined): string {
  return content === undefined ? "" : `<${name}>${content}</${name}>`;
}

export function xmlDocument(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`;
}

/** An S3 error response. */
export class S3Failure extends Error {
  override readonly name = "S3Failure";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Additional elements and headers of the response. */
    readonly more: { readonly elements?: Record<string, string>; readonly headers?: Record<string, string> } = {},
  ) {
    super(message);
  }
}

export function failureXml(failure: S3Failure, resource: string, requestId: string): string {
  const more = Object.entries(failure.more.elements ?? {}).map(([name, text]) => element(name, escapeXml(text)));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${[
    element("Code", failure.code),
    element("Message", escapeXml(failure.message)),
    ...more,
    element("Resource", escapeXml(resource)),
    element("RequestId", requestId),
  ].join("")}</Error>`;
}

/** Percent-encoding of RFC 3986 with the slash left alone, as S3 does for `encoding-type=url` and for signing. */
export function encodeKey(key: string): string {
  return key.split("/").map(encodeSegment).join("/");
}

export function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);
}
