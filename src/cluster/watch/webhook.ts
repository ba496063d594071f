import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError } from "@ictal/base/errors";
import { requireNumber, requireNumbers } from "@ictal/base/options";

/** Environment variable: URL that is called when a run ends. */
export const WEBHOOK_VARIABLE = "ICTAL_WEBHOOK";

/** The webhook's URL from the environment; undefined without one. ConfigError, which does not repeat it, when it is not an http(s) URL. */
export function webhookAddress(environment: Readonly<Record<string, string | undefined>>): URL | undefined {
  const text = environment[WEBHOOK_VARIABLE];
  if (text === undefined || text === "") return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new ConfigError(`${WEBHOOK_VARIABLE} is not a URL; expected http://… or https://…, or unset it`, {
    key: WEBHOOK_VARIABLE,
  });
}

/** How patiently a webhook is called. */
export interface WebhookOptions {
  /** Pauses between attempts: one more attempt than pauses. @default 1, 5 and 20 s */
  readonly pausesMilliseconds?: readonly number[] | undefined;
  /** For one attempt. @default 10 s */
  readonly timeoutMilliseconds?: number | undefined;
}

/** Status codes after which another attempt may succeed. */
const isTemporary = (status: number): boolean => status >= 500 || status === 408 || status === 429;

/** Why an attempt failed, and whether to retry; undefined on success. */
async function attempt(
  url: URL,
  body: string,
  timeout: number,
): Promise<{ reason: string; isFinal: boolean } | undefined> {
  try {
    const { username, password, origin, pathname, search } = url;
    const basic = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const response = await fetch(`${origin}${pathname}${search}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(username === "" ? {} : { authorization: `Basic ${Buffer.from(basic).toString("base64")}` }),
      },
      body,
      redirect: "error",
      signal: AbortSignal.timeout(timeout),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return { reason: `it answered ${response.status}`, isFinal: !isTemporary(response.status) };
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string; message?: string } };
    const reason = name === "TimeoutError" ? `no answer in ${timeout / 1000} s` : (cause?.code ?? cause?.message);
    return { reason: reason ?? "it cannot be reached", isFinal: false };
  }
}

/**
 * Sends `payload` as JSON and retries after temporary failures. Throws a RangeError for an invalid time, nothing else: returns
 * why it was not delivered, with the host only, since the rest of such a URL is a secret; undefined when it was.
 */
export async function postWebhook(
  url: URL,
  payload: unknown,
  options: WebhookOptions = {},
): Promise<string | undefined> {
  const { pausesMilliseconds = [1000, 5000, 20_000], timeoutMilliseconds = 10_000 } = options;
  const most = 2 ** 31 - 1; // of a timer
  requireNumbers({ timeoutMilliseconds }, { isWhole: true, least: 1, most });
  for (const pause of pausesMilliseconds) requireNumber("pausesMilliseconds", pause, { least: 0, most });
  const body = JSON.stringify(payload);
  for (let tries = 1; ; tries++) {
    const refused = await attempt(url, body, timeoutMilliseconds);
    if (!refused) return undefined;
    const pause = pausesMilliseconds[tries - 1];
    if (refused.isFinal || pause === undefined)
      return `the webhook at ${url.host} was not notified: ${refused.reason} (${tries} attempts)`;
    await sleep(pause);
  }
}
