const SECRET_NAME = /SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_KEY|WEBHOOK/i;
/** Shorter values are not treated as secrets. */
const LEAST_CHARACTERS = 6;

/** `text` without the values of environment variables with names such as *_TOKEN, and without passwords in URLs. */
export function redact(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  const values = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && value.length >= LEAST_CHARACTERS && SECRET_NAME.test(name) ? [value] : [],
  );
  const hidden = values
    .sort((a, b) => b.length - a.length)
    .reduce((left, value) => left.replaceAll(value, "***"), text);
  return hidden.replace(/(\w:\/\/)[^/\s@]+@/g, "$1***@");
}
