/** Layouts of the corpora that are published in folders of their own: CHB-MIT and Siena of PhysioNet, SeizeIT1 of KU Leuven. */
import type { Layout } from "./layout.js";

/** CHB-MIT: case 21 is the patient of case 1, a year and a half later. */
const SAME_PATIENT: Readonly<Record<string, string>> = { chb21: "chb01" };

export const chbMit: Layout = {
  name: "chb-mit",
  expected: "chb01/chb01_03.edf, with chb01/chb01-summary.txt",
  place(path) {
    const found = /(?:^|\/)((chb\d{2})\/(chb\d{2})([a-z]?_[^/]+)\.edf)$/i.exec(path);
    if (!found) return `path does not end in ${chbMit.expected}`;
    const [, inside, folder, named, rest] = found as unknown as [string, string, string, string, string];
    const session = folder.toLowerCase();
    if (named.toLowerCase() !== session)
      return `file name "${named}${rest}" names another case than its folder "${folder}"`;
    const patient = SAME_PATIENT[session] ?? session;
    return { split: "all", patient, session, montage: "any", token: rest.replace(/^_/, ""), path: inside };
  },
};

export const siena: Layout = {
  name: "siena",
  expected: "PN00/PN00-1.edf, with PN00/Seizures-list-PN00.txt",
  place(path) {
    const found = /(?:^|\/)((PN\d{2})\/(PN\d{2})-?([^/]*)\.edf)$/i.exec(path);
    if (!found) return `path does not end in ${siena.expected}`;
    const [, inside, folder, named, rest] = found as unknown as [string, string, string, string, string];
    const patient = folder.toUpperCase();
    if (named.toUpperCase() !== patient)
      return `file name "${named}-${rest}" names another patient than its folder "${folder}"`;
    return { split: "all", patient, session: "root", montage: "any", token: rest || "1", path: inside };
  },
};

export const seizeIt1: Layout = {
  name: "seizeit1",
  expected: "P_ID10/P_ID10_r1.edf, with P_ID10/P_ID10_r1_a1.tsv",
  place(path) {
    const found = /(?:^|\/)((P_ID\d+)\/(P_ID\d+)_(r\d+)\.edf)$/i.exec(path);
    if (!found) return `path does not end in ${seizeIt1.expected}`;
    const [, inside, folder, named, token] = found as unknown as [string, string, string, string, string];
    const patient = folder.toUpperCase();
    if (named.toUpperCase() !== patient)
      return `file name "${named}_${token}" names another patient than its folder "${folder}"`;
    return { split: "all", patient, session: "root", montage: "any", token, path: inside };
  },
};
