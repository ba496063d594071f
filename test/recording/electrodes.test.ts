import assert from "node:assert/strict";
import { test } from "node:test";
import { electrodeOf } from "../../src/recording/electrodes.js";

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
