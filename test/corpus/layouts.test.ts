import assert from "node:assert/strict";
import { test } from "node:test";
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
