import { type Diagnostic, diagnostic } from "./diagnostics.js";
import { MAIN_FIELDS } from "./edf-fields.js";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Placeholder of a withheld start date, as `deidentifyEdf` writes it. */
export const WITHHELD_DATE = "01.01.85";

interface CalendarDate {
  year: number;
  month: number;
  day: number;
}

/**
 * Start of a recording as local `YYYY-MM-DDTHH:MM:SS`, undefined when date or time are unknown. The four-digit
 * Startdate of EDF+ wins over the header date, whose two-digit years mean 1985 to 2084; 01.01.85 alone means withheld.
 */
export function parseStart(
  dateText: string,
  timeText: string,
  recordingText: string,
  report: (found: Diagnostic) => void,
): string | undefined {
  const date = parseHeaderDate(dateText, report);
  const plusDate = parsePlusDate(recordingText, report);
  const time = parseTime(timeText, report);
  const offset = MAIN_FIELDS.startDate.offset;
  if (date && plusDate && iso(date) !== iso(plusDate)) {
    report(
      diagnostic(
        "start-date-conflict",
        "the header date differs from the EDF+ Startdate; the Startdate is used",
        offset,
      ),
    );
  }
  if (!plusDate && dateText === WITHHELD_DATE) return undefined;
  const chosen = plusDate ?? date;
  return chosen && time ? `${iso(chosen)}T${time}` : undefined;
}

function parseHeaderDate(text: string, report: (found: Diagnostic) => void): CalendarDate | undefined {
  const offset = MAIN_FIELDS.startDate.offset;
  const match = /^(\d\d)([.:/-])(\d\d)[.:/-](\d\d)$/.exec(text);
  if (match && match[2] !== ".") {
    const message = `the start date is written with "${match[2]}", expected dd.mm.yy; the date is treated as unknown`;
    report(diagnostic("start-date-separator", message, offset));
    return undefined;
  }
  const year = Number(match?.[4]);
  const date = { year: year < 85 ? 2000 + year : 1900 + year, month: Number(match?.[3]), day: Number(match?.[1]) };
  if (match && isCalendarDate(date)) return date;
  if (/^\d\d\.\d\d\.yy$/.test(text)) return undefined; // EDF+ after 2084: the year is in the Startdate
  report(
    diagnostic(
      "start-date-invalid",
      "the start date is not a date, expected dd.mm.yy; it is treated as unknown",
      offset,
    ),
  );
  return undefined;
}

function parsePlusDate(recordingText: string, report: (found: Diagnostic) => void): CalendarDate | undefined {
  const text = /^Startdate +(\S+)/.exec(recordingText)?.[1];
  if (text === undefined || text === "X") return undefined;
  const match = /^(\d\d)-([A-Za-z]{3})-(\d{4})$/.exec(text);
  const month = MONTHS.indexOf(match?.[2]?.toLowerCase() ?? "") + 1;
  const date = { year: Number(match?.[3]), month, day: Number(match?.[1]) };
  if (match && isCalendarDate(date)) return date;
  const message = "the EDF+ Startdate is not a date, expected dd-MMM-yyyy; the header date is used";
  report(diagnostic("start-date-invalid", message, MAIN_FIELDS.recording.offset));
  return undefined;
}

function parseTime(text: string, report: (found: Diagnostic) => void): string | undefined {
  const match = /^(\d\d)\.(\d\d)\.(\d\d)$/.exec(text);
  if (match && Number(match[1]) < 24 && Number(match[2]) < 60 && Number(match[3]) < 60) {
    return `${match[1]}:${match[2]}:${match[3]}`;
  }
  const message = "the start time is not a time, expected hh.mm.ss; it is treated as unknown";
  report(diagnostic("start-time-invalid", message, MAIN_FIELDS.startTime.offset));
  return undefined;
}

function isCalendarDate({ year, month, day }: CalendarDate): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function iso({ year, month, day }: CalendarDate): string {
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}
