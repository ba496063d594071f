import assert from "node:assert/strict";
import { test } from "node:test";
import { electrodeOf, signalNames } from "../../src/recording/electrodes.js";

test("electrodeOf reads every way a corpus writes an electrode", () => {
  const cases: Record<string, string> = {
    "EEG FP1-REF": "FP1",
    "EEG FP1-LE": "FP1",
    Fp1: "FP1",
    "Fp1-Avg": "FP1",
    "EEG Fz": "FZ",
    T7: "T3",
    T8: "T4",
    "EEG P7-REF": "T5",
    "P8-Avg": "T6",
    "EEG T3-REF": "T3",
    "EEG A1-REF": "A1",
    "EEG A2-LE": "A2",
    "EEG Fc1": "FC1",
    "Cz..": "CZ",
    " eeg o2 - ref ": "O2",
    "EEG T1-REF": "T1",
  };
  for (const [label, electrode] of Object.entries(cases)) assert.equal(electrodeOf(label), electrode, label);
});

test("electrodeOf does not match other electrodes or bipolar pairs", () => {
  const none = [
    "EEG C3P-REF",
    "EEG EKG1-REF",
    "EEG 31-REF",
    "EEG SP1-REF",
    "EEG ROC-REF",
    "PHOTIC-REF",
    "EMG-REF",
    "IBI",
    "BURSTS",
    "SUPPR",
    "EEG PG1-LE",
    "EEG 26-LE",
    "PHOTIC PH",
    "DC1-DC",
    "FP1-F7",
    "EEG Fpz-Cz",
    "T8-P8",
    "1",
    "2",
    "",
    "-",
    "EEG",
    "C3X",
    "XC3",
    "EEG C3-REF-REF",
    "constructor",
    "TOSTRING",
  ];
  for (const label of none) assert.equal(electrodeOf(label), undefined, label);
});

test("electrodeOf reads the labels of Nihon Kohden, Natus and Persyst, joined by dashes, bars and blanks", () => {
  const cases: Record<string, string> = {
    "POL Fp1": "FP1",
    "EEG Fp1-Ref": "FP1",
    "EEG F7-A1": "F7",
    "Fp2-M2": "FP2",
    "EEG Cz-A1A2": "CZ",
    "C3-A1+A2": "C3",
    "P4-AA": "P4",
    EEG_Fp1_REF: "FP1",
    FP1_LE: "FP1",
    "O2-AV": "O2",
    "T8-Vref": "T4",
    "F3 REF": "F3",
    "EEG A1-A1A2": "A1",
  };
  for (const [label, electrode] of Object.entries(cases)) assert.equal(electrodeOf(label), electrode, label);
});

test("signalNames tells electrodes from pairs by the labels of the whole file", () => {
  const short = (labels: string[]) => signalNames(labels).map(({ electrode, pair }) => pair ?? electrode ?? "");
  const chb = ["FP1-F7", "F7-T7", "T7-P7", "T8-P8", "T8-P8", "-", "ECG", "--1", "FT9-FT10", "P7-T7", "T8-P8-1"];
  assert.deepEqual(short(chb), [
    ...["FP1-F7", "F7-T3", "T3-T5", "T4-T6", "T4-T6", "", "", "", "FT9-FT10", "T5-T3", "T4-T6"],
  ]);
  assert.deepEqual(short(["FP1-CS2", "F3-CS2", "C3-CS2", "CP2-CS2", "01-CS2"]), ["FP1", "F3", "C3", "CP2", ""]);
  assert.deepEqual(short(["EEG C3-A2", "EEG C4-A1", "EEG T4-A2", "EMG chin"]), ["C3", "C4", "T4", ""]);
  assert.deepEqual(short(["FP1-F7", "A1-T3", "T4-A2", "C4_T4"]), ["FP1-F7", "A1-T3", "T4-A2", "C4-T4"]);
  assert.deepEqual(short(["C3-XX", "C4-YY", "C3-C3"]), ["", "", ""]);
  const sites = ["FP1", "FP2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2"];
  assert.deepEqual(short([...sites.map((site) => `EEG ${site}-CZ`), "F7-T3"]), [...sites, "F7-T3"]);
  assert.deepEqual(short(["F3-CZ", "C3-CZ", "CZ-C4"]), ["F3-CZ", "C3-CZ", "CZ-C4"]);
});
