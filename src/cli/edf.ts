import { action, describeError, type Outcome, UsageError } from "@ictal/base/action";
import { isIctalError } from "@ictal/base/errors";
import { notify, printable, printableAll } from "@ictal/base/printable";
import type { Command } from "commander";
import { fileSource } from "../recording/byte-source.js";
import { type DeidentifyOptions, type DeidentifyReport, deidentifyEdf } from "../recording/edf-deidentify.js";
import { type EdfInfo, readEdfInfo } from "../recording/edf-info.js";

const DEIDENTIFY_HELP = `
Removed: patient, recording, start date (set to 01.01.85), all other header fields whose text is not known to be harmless,
signal labels of unknown kind (replaced by "signal 7" for the seventh), free text of annotations (replaced by "X"), bytes after
the last record. Their numbers are reported, not their texts. Kept and listed: known labels, filter settings, units, times.
With --labels keep or --annotations keep, check the texts for personal data yourself.

Example:
  ictal edf deidentify recording.edf shared/recording.edf`;

/** Adds `edf info` and `edf deidentify`. */
export function addEdfCommand(program: Command): void {
  const edf = program.command("edf").description("inspect and de-identify EDF and BDF recordings");
  edf
    .command("info")
    .description(
      "print signals, sampling rates, annotations and format errors of a recording, without its patient field; errors do not change the exit code",
    )
    .argument("<file>", "EDF, EDF+, BDF or BDF+ file")
    .option("--digital-sums", "also print count, minimum, maximum and sum of the digital values per signal")
    .option("--json", "print one JSON document")
    .action(action((file: string, options: { digitalSums?: boolean; json?: boolean }) => info(file, options)));
  edf
    .command("deidentify")
    .description("copy a recording without personal data")
    .argument("<input>", "recording to copy")
    .argument("<output>", "path of the copy; an existing file is replaced")
    .option(
      "--annotations <rule>",
      "free text of annotations: blank (replace by X), keep or drop; EDF+ standard texts are always kept with blank",
      "blank",
    )
    .option("--labels <rule>", "signal labels of unknown kind: blank (replace by a number) or keep (and list)", "blank")
    .option("--json", "print one JSON document")
    .addHelpText("after", DEIDENTIFY_HELP)
    .action(
      action((input: string, output: string, { annotations, labels }: Required<DeidentifyOptions>) =>
        deidentify(input, output, { annotations, labels }),
      ),
    );
}

async function info(file: string, options: { digitalSums?: boolean; json?: boolean }): Promise<Outcome> {
  const source = await fileSource(file);
  try {
    const found = await readEdfInfo(source, { digitalSums: options.digitalSums ?? false });
    return { json: found, text: infoText(printable(file), printableAll(found)) };
  } catch (error) {
    if (!isIctalError(error, "FormatError") || !options.json) throw error;
    notify(`ictal: ${describeError(error)}`);
    return { json: unreadable(error.message, error.place.field, error.place.byteOffset), exitCode: 1 };
  } finally {
    await source.close?.();
  }
}

/** The document of an unreadable file: only the fatal diagnostic. */
function unreadable(message: string, code = "unreadable", byteOffset?: number): unknown {
  return {
    kind: null,
    headerBytes: 0,
    recordBytes: 0,
    patientFieldPresent: false,
    startDateTime: null,
    recordsInHeader: -1,
    recordsFound: 0,
    recordDurationSeconds: null,
    durationSeconds: null,
    segments: [],
    annotationCount: 0,
    signals: [],
    diagnostics: [{ code, severity: "fatal", message, ...(byteOffset === undefined ? {} : { byteOffset }) }],
  };
}

function infoText(file: string, found: EdfInfo): string {
  const value = (number: number | null, unit: string) => (number === null ? "n/a" : `${number} ${unit}`);
  const range = (low: number | null, high: number | null) => `${low ?? "n/a"} to ${high ?? "n/a"}`;
  const lines = [
    `${file}: ${found.kind}, ${found.recordsFound} records of ${value(found.recordDurationSeconds, "s")}, ${value(found.durationSeconds, "s")} in all`,
    `patient field: ${found.patientFieldPresent ? "present" : "blank"}; annotations: ${found.annotationCount}; segments: ${found.segments.length}`,
    "",
    `${"signal".padEnd(18)}${"electrode".padEnd(11)}${"rate".padEnd(14)}${"samples".padEnd(12)}range`,
    ...found.signals.map((signal) => {
      const { digital } = signal;
      const sums = digital ? `   digital ${digital.min} to ${digital.max}, sum ${digital.sum}` : "";
      const rate = value(signal.sampleRateHz, "Hz");
      const physical = `${range(signal.physicalMin, signal.physicalMax)} ${signal.unit}`;
      const ranges = signal.isAnnotation ? "" : `${physical} from ${range(signal.digitalMin, signal.digitalMax)}`;
      return `${signal.label.padEnd(18)}${(signal.electrode ?? signal.pair ?? "").padEnd(11)}${rate.padEnd(14)}${String(signal.sampleCount).padEnd(12)}${ranges}${sums}`;
    }),
    "",
    ...(found.diagnostics.length === 0 ? ["no errors found"] : []),
    ...found.diagnostics.map(({ severity, code, message }) => `${severity.padEnd(8)}${code}: ${message}`),
    ...(found.diagnostics.some(({ severity }) => severity === "error")
      ? ["errors found: commands that read the samples of this recording refuse it or report them"]
      : []),
  ];
  return lines.join("\n");
}

/** One line a field; the signals that share one are counted. */
function changedLines(changed: DeidentifyReport["changed"]): string[] {
  const lines = changed.map(({ field, signal, value }) => {
    const signals = changed.filter((other) => other.field === field).length;
    if (field === "label") return `  ${signals} labels of unknown kind are now the numbers of their signals`;
    return `  ${field}${signal === undefined ? "" : ` of ${signals} signals`} is now ${JSON.stringify(value)}`;
  });
  return [...new Set(lines)];
}

async function deidentify(input: string, output: string, options: DeidentifyOptions): Promise<Outcome> {
  const report = await deidentifyEdf(input, output, options).catch((error: unknown) => {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  });
  const { blanked, dropped } = report.annotations;
  const isSame = report.changed.length + blanked + dropped + report.droppedBytes === 0;
  const lines = [
    `${printable(report.output)}: ${isSame ? "contained no personal data" : "personal data removed"}`,
    ...changedLines(report.changed),
    ...(blanked > 0 ? [`  ${blanked} annotation texts are now "X"`] : []),
    ...(dropped > 0 ? [`  ${dropped} annotation texts were removed`] : []),
    ...(report.droppedBytes > 0
      ? [`  ${report.droppedBytes} bytes after the last record of the header were removed`]
      : []),
    ...printableAll(report.kept).map((text) => `  kept: ${text}`),
  ];
  return { json: report, text: lines.join("\n") };
}
