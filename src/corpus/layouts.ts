import { chbMit, seizeIt1, siena } from "./field-layouts.js";
import type { Layout } from "./layout.js";

export type { Layout, LayoutName, Placement } from "./layout.js";

/** Matches the file names that hold recordings. */
export const RECORDING_NAME = /\.(edf|bdf)$/i;

function stemOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(RECORDING_NAME, "");
}

const SESSION = /^s\d{3}_\d{4}(_\d{2}_\d{2})?$/;
const MONTAGE = /^0\d_tcp_(ar|le)(_a)?$/;

/** Why folders and file name of a TUSZ recording are inconsistent, or undefined when they are not. */
function tuszFault(
  { split, patient, session, montage, stem }: Record<"split" | "patient" | "session" | "montage" | "stem", string>,
  rules: { readonly splits: readonly string[]; readonly patient: RegExp },
): string | undefined {
  if (!rules.splits.includes(split)) return `split folder "${split}" is not one of ${rules.splits.join(", ")}`;
  if (!rules.patient.test(patient)) return `patient folder "${patient}" does not match ${rules.patient.source}`;
  if (!SESSION.test(session)) return `session folder "${session}" is neither sNNN_YYYY nor sNNN_YYYY_MM_DD`;
  if (!MONTAGE.test(montage))
    return `montage folder "${montage}" is none of 01_tcp_ar, 02_tcp_le, 03_tcp_ar_a, 04_tcp_le_a`;
  const [filePatient, fileSession, token, ...rest] = stem.split("_");
  if (rest.length > 0 || !/^t\d{3}$/.test(token ?? "")) return `file name "${stem}" is not PATIENT_sNNN_tNNN`;
  if (filePatient !== patient) return `file name "${stem}" names another patient than its folder "${patient}"`;
  if (fileSession !== session.slice(0, 4))
    return `file name "${stem}" names another session than its folder "${session}"`;
  return undefined;
}

function tokenOf(stem: string): string {
  return stem.slice(stem.lastIndexOf("_") + 1);
}

const tuszV2: Layout = {
  name: "tusz-v2",
  expected: "{train,dev,eval}/aaaaaaaa/s001_2002/02_tcp_le/aaaaaaaa_s001_t000.edf",
  place(path) {
    const parts = path.split("/").slice(-5);
    if (parts.length < 5) return `path is too short; expected ${tuszV2.expected}`;
    const [split, patient, session, montage] = parts as [string, string, string, string];
    const stem = stemOf(path);
    const fault = tuszFault(
      { split, patient, session, montage, stem },
      { splits: ["train", "dev", "eval"], patient: /^[a-z]{8}$/ },
    );
    return fault ?? { split, patient, session, montage, token: tokenOf(stem), path: parts.join("/") };
  },
};

const tuszV15: Layout = {
  name: "tusz-v1.5",
  expected: "{train,dev}/01_tcp_ar/002/00000258/s002_2003_07_21/00000258_s002_t000.edf",
  place(path) {
    const parts = path.split("/").slice(-6);
    if (parts.length < 6) return `path is too short; expected ${tuszV15.expected}`;
    const [folder, montage, group, patient, session] = parts as [string, string, string, string, string];
    const split = folder === "dev_test" ? "dev" : folder; // the name of 1.5.0
    const stem = stemOf(path);
    const fault = tuszFault(
      { split, patient, session, montage, stem },
      { splits: ["train", "dev"], patient: /^\d{8}$/ },
    );
    if (!fault && !/^\d{3}$/.test(group)) return `folder "${group}" above the patient is not three digits`;
    return fault ?? { split, patient, session, montage, token: tokenOf(stem), path: parts.join("/") };
  },
};

/** Signals of other modalities in folders of BIDS; SeizeIT2 has the ECG, EMG and movement of each recording. */
const OTHER_MODALITY = /(?:^|\/)sub-[^/_]+\/(?:ses-[^/_]+\/)?(?!eeg\/)[a-z]+\/[^/]+_(?!eeg\.)[a-z]+\.(?:edf|bdf)$/i;

const bids: Layout = {
  name: "bids",
  expected: "sub-01/[ses-01/]eeg/sub-01[_ses-01]_task-szMonitoring_run-00_eeg.edf",
  place(path) {
    const found = /(?:^|\/)((sub-[^/_]+)\/(?:(ses-[^/_]+)\/)?eeg\/([^/]+)_eeg\.(?:edf|bdf))$/i.exec(path);
    if (!found)
      return OTHER_MODALITY.test(path) ? "not EEG but another modality" : `path does not end in ${bids.expected}`;
    const [, inside, patient, session, name] = found as unknown as [string, string, string, string | undefined, string];
    const start = session === undefined ? patient : `${patient}_${session}`;
    if (name !== start && !name.startsWith(`${start}_`)) return `file name "${name}" does not start with "${start}_"`;
    const token = name.slice(start.length + 1) || "eeg";
    return { split: "all", patient, session: session ?? "ses-none", montage: "eeg", token, path: inside };
  },
  isOther: (path) => OTHER_MODALITY.test(path),
};

const flat: Layout = {
  name: "flat",
  expected: "any folders with .edf files; the name up to the first underscore is the patient",
  place(_path, key) {
    const folders = key.split("/").slice(0, -1);
    const stem = stemOf(key);
    const cut = stem.indexOf("_");
    const patient = cut > 0 ? stem.slice(0, cut) : stem;
    const token = cut > 0 && cut + 1 < stem.length ? stem.slice(cut + 1) : "whole";
    return { split: "all", patient, session: folders.join("+") || "root", montage: "any", token, path: key };
  },
};

/** All layouts, in the order in which they are tried. */
export const LAYOUTS: readonly Layout[] = [tuszV2, tuszV15, bids, chbMit, siena, seizeIt1, flat];

/** The layout called `name`. RangeError when there is none. */
export function layoutNamed(name: string): Layout {
  const layout = LAYOUTS.find((candidate) => candidate.name === name);
  if (!layout)
    throw new RangeError(`invalid layout: ${name}; known are ${LAYOUTS.map((each) => each.name).join(", ")}`);
  return layout;
}

/** The first layout that at least half of the recordings fit, without those of other modalities; `flat` fits all and comes last. */
export function detectLayout(recordings: Iterable<{ readonly path: string; readonly key: string }>): Layout {
  const counts = LAYOUTS.map(() => ({ fitting: 0, others: 0 }));
  let total = 0;
  for (const { path, key } of recordings) {
    total += 1;
    for (const [i, layout] of LAYOUTS.entries()) {
      if (typeof layout.place(path, key) !== "string") counts[i]!.fitting += 1;
      else if (layout.isOther?.(path)) counts[i]!.others += 1;
    }
  }
  const fits = ({ fitting, others }: { fitting: number; others: number }) =>
    fitting > 0 && 2 * fitting >= total - others;
  return LAYOUTS.find((_, i) => fits(counts[i]!)) ?? flat;
}
