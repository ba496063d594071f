import assert from "node:assert/strict";
import { test } from "node:test";
import { patientOfPath } from "../../src/cli/patient-name.js";
import { detectLayout, layoutNamed } from "../../src/corpus/layouts.js";

const place = (layout: string, path: string, key = path) => layoutNamed(layout).place(path, key);

test("tusz-v2 parses sessions with a year and with a full date, below any folders", () => {
  assert.deepEqual(place("tusz-v2", "data/edf/train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s001_t000.edf"), {
    split: "train",
    patient: "aaaaaaac",
    session: "s001_2002",
    montage: "02_tcp_le",
    token: "t000",
    path: "train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s001_t000.edf",
  });
  const dated = place("tusz-v2", "eval/aaaaaaac/s003_2015_08_24/03_tcp_ar_a/aaaaaaac_s003_t012.edf");
  assert.ok(typeof dated !== "string" && dated.session === "s003_2015_08_24" && dated.token === "t012");
});

test("tusz-v2 gives the reason for a path that does not fit", () => {
  const reasons: [string, RegExp][] = [
    ["test/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s001_t000.edf", /split folder "test" is not one of train, dev, eval/],
    ["train/AAAAAAAC/s001_2002/02_tcp_le/AAAAAAAC_s001_t000.edf", /patient folder/],
    ["train/aaaaaaac/s001/02_tcp_le/aaaaaaac_s001_t000.edf", /session folder "s001"/],
    ["train/aaaaaaac/s001_2002/normal/aaaaaaac_s001_t000.edf", /montage folder "normal"/],
    ["train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaad_s001_t000.edf", /names another patient/],
    ["train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s002_t000.edf", /names another session/],
    ["train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s001_t000_copy.edf", /is not PATIENT_sNNN_tNNN/],
    ["a.edf", /path is too short/],
  ];
  for (const [path, reason] of reasons) assert.match(String(place("tusz-v2", path)), reason);
});

test("tusz-v1.5 reads the montage above the patient and takes dev_test for dev", () => {
  const path = "edf/dev_test/01_tcp_ar/002/00000258/s002_2003_07_21/00000258_s002_t000.edf";
  const found = place("tusz-v1.5", path);
  assert.ok(typeof found !== "string");
  assert.equal([found.split, found.patient, found.montage].join(" "), "dev 00000258 01_tcp_ar");
});

test("bids reads subject, optional session and the rest of the name as token", () => {
  const with_ = place("bids", "x/sub-01/ses-02/eeg/sub-01_ses-02_task-szMonitoring_run-00_eeg.edf");
  const without = place("bids", "sub-01/eeg/sub-01_task-rest_eeg.edf");
  assert.ok(typeof with_ !== "string" && typeof without !== "string");
  assert.deepEqual([with_.patient, with_.session, with_.token], ["sub-01", "ses-02", "task-szMonitoring_run-00"]);
  assert.deepEqual([without.session, without.token], ["ses-none", "task-rest"]);
  assert.match(String(place("bids", "sub-01/eeg/sub-02_task-rest_eeg.edf")), /does not start with "sub-01_"/);
});

test("chb-mit and siena place the names that their corpora have, and say why another does not fit", () => {
  const placed = (layout: string, path: string) => {
    const found = place(layout, path);
    return typeof found === "string" ? found : [found.patient, found.session, found.token].join(" ");
  };
  assert.equal(placed("chb-mit", "physionet/chb21/chb21_22.edf"), "chb01 chb21 22");
  assert.equal(placed("chb-mit", "chb02/chb02_16+.edf"), "chb02 chb02 16+");
  assert.equal(placed("chb-mit", "CHB17/chb17a_03.EDF"), "chb17 chb17 a_03");
  assert.match(placed("chb-mit", "chb02/chb03_01.edf"), /"chb03_01" names another case than its folder "chb02"/);
  assert.match(placed("chb-mit", "chb1/chb1_01.edf"), /path does not end in chb01/);
  assert.equal(placed("siena", "PN10/PN10-4.5.6.edf"), "PN10 root 4.5.6");
  assert.match(placed("siena", "PN10/PN11-1.edf"), /"PN11-1" names another patient than its folder "PN10"/);
});

test("detectLayout(recordings) does not count the other modalities of BIDS", () => {
  const files = ["eeg", "ecg", "emg", "mov"].map((kind) => `sub-1/ses-1/${kind}/sub-1_ses-1_task-a_run-01_${kind}.edf`);
  const listed = (paths: readonly string[]) => detectLayout(paths.map((path) => ({ path, key: path }))).name;
  assert.equal(listed(files), "bids");
  assert.equal(listed(files.slice(1)), "flat");
});

test("flat takes the patient from the name up to the first underscore and the folders as session", () => {
  const found = place("flat", "/data/chb01/day 1/chb01_03.edf", "chb01/day 1/chb01_03.edf");
  assert.ok(typeof found !== "string");
  assert.deepEqual([found.split, found.patient, found.session, found.token], ["all", "chb01", "chb01+day 1", "03"]);
  const bare = place("flat", "night.bdf", "night.bdf");
  assert.ok(typeof bare !== "string" && bare.patient === "night" && bare.token === "whole" && bare.session === "root");
});

test("detectLayout(recordings) chooses the layout that at least half fit, else flat", () => {
  const files = (...paths: string[]) => paths.map((path) => ({ path, key: path }));
  const good = "train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s001_t000.edf";
  assert.equal(detectLayout(files(good, "stray.edf")).name, "tusz-v2");
  assert.equal(detectLayout(files(good, "stray.edf", "other.edf")).name, "flat");
  assert.equal(detectLayout(files("sub-1/eeg/sub-1_eeg.edf")).name, "bids");
});

test("a score's patient is that of the corpus: chb21 is chb01", () => {
  const names = [
    "chb21/chb21_01",
    "chb02/chb02_16+",
    "PN06/PN06-2",
    "sub-03/eeg/sub-03_task-a",
    "x/y/a_s001_t000",
    "p/q",
  ];
  assert.deepEqual(names.map(patientOfPath), ["chb01", "chb02", "PN06", "sub-03", "a", "p"]);
});
