import { action, type Outcome } from "@ictal/base/action";
import { printableAll } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { type Command, Option } from "commander";
import { type AnnotationReport, checkAnnotationFiles } from "../recording/check-annotation-files.js";
import { collectMarks, MARK_WRITERS } from "./collect-marks.js";

const CHECK_HELP = `
Findings contain file and line. Only text in the form of a label, time or channel is quoted; of other text only the length is
given, since it may be personal data.`;

/** Adds `annotations check`. */
export function addAnnotationsCommand(program: Command): void {
  const annotations = program
    .command("annotations")
    .description("check annotation files, or make them from the marks of review pages");
  annotations
    .command("check")
    .description(
      "check csv, csv_bi, tse, tse_bi and HED-SCORE tsv files, and the recordings next to them; exit code 1 on errors",
    )
    .argument("<path>", "folder (searched recursively) or file")
    .option("--json", "print one JSON document")
    .addHelpText("after", CHECK_HELP)
    .action(action((path: string) => check(path)));
  annotations
    .command("collect")
    .description(
      "make a folder of annotations from the marks that review pages saved as JSON, in the folders of the corpus, for annotations check, score --ref and review --ref",
    )
    .argument("<paths...>", "saved files (.marks.json), or folders of them")
    .requiredOption("--out <dir>", "folder of the annotations")
    .addOption(
      new Option("--format <name>", "format of the annotations").choices(Object.keys(MARK_WRITERS)).default("csv_bi"),
    )
    .option("--json", "print one JSON document")
    .addHelpText("after", COLLECT_HELP)
    .action(action(collectMarks));
}

const COLLECT_HELP = `
A recording without a mark becomes one without seizures. Marks without a label are notes and are not written.

Examples:
  ictal annotations collect ~/Downloads/*.marks.json --out results/reviewer
  ictal score --ref data/edf/dev --ref results/reviewer --hyp results/dev`;

/** Findings in the text output; `--json` lists all. */
const PRINTED_FINDINGS = 200;

async function check(path: string): Promise<Outcome> {
  const progress = createProgress({ intervalMilliseconds: 1000 });
  const started = performance.now();
  const report = await checkAnnotationFiles(path, {
    onProgress: (done, total) => {
      if (performance.now() - started > 2000) progress.update({ label: "checking", done, total, unit: "recordings" });
    },
  });
  const hasErrors = report.findings.some(({ severity }) => severity === "error");
  return { json: report, text: reportText(printableAll(report)), exitCode: hasErrors ? 1 : 0 };
}

function reportText(report: AnnotationReport): string {
  const { findings } = report;
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  const order = ["error", "warning", "info"];
  const sorted = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return [
    ...sorted
      .slice(0, PRINTED_FINDINGS)
      .flatMap(({ file, line, code, severity, message, action: advice }) => [
        `${file}${line === undefined ? "" : `:${line}`}: ${severity} ${code}: ${message}`,
        `    ${advice}`,
      ]),
    ...(findings.length > PRINTED_FINDINGS ? [`and ${findings.length - PRINTED_FINDINGS} more; --json lists all`] : []),
    `${report.files} files: ${report.seizureCount} seizures, ${report.seizureSeconds} s seizure, ${report.backgroundSeconds} s background, ${report.unknownSeconds} s unknown`,
    ...Object.entries(report.byType).map(
      ([type, { seizures, seconds }]) => `  ${type}: ${seizures} seizures, ${seconds} s`,
    ),
    ...Object.entries(report.byLabel).map(
      ([label, { rows, seconds }]) => `  rows of ${label}: ${rows}, ${seconds} s over all channels`,
    ),
    `${count("error")} errors, ${count("warning")} warnings, ${count("info")} notes`,
  ].join("\n");
}
