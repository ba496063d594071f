import assert from "node:assert/strict";
import { test } from "node:test";
import { patience } from "@ictal/jupyter/test/patience";
import {
  isHarmlessAnnotation,
  isHarmlessPrefilter,
  isHarmlessReserved,
  isHarmlessTransducer,
  isHarmlessUnit,
  isKnownLabel,
} from "../../src/recording/edf-harmless.js";

const check = (rule: (text: string) => boolean, harmless: readonly string[], others: readonly string[]) => {
  for (const text of harmless) assert.ok(rule(text), `harmless: ${text}`);
  for (const text of others) assert.ok(!rule(text), `not known: ${text}`);
};

test("filter settings as recorders write them are harmless; other text, dates and numbers are not", () => {
  check(
    isHarmlessPrefilter,
    [
      ...["", "DC", "HP:0.1Hz LP:75Hz N:50Hz", "HP: DC; LP: 417 Hz", "HP:0.000 Hz LP:0.0 Hz N:0.0", "No filtering"],
      ...["LP:30.00Hz HP:0.30Hz NOTCH:50", "HP:-1Hz LP:-1Hz N:-1Hz", "HP:0.5Hz LP:100Hz [enhanced cassette BW]"],
      ...["Hold during 2 seconds", "HP:16Hz Rectification LP:0.7Hz", "HP=0,5 Hz"],
    ],
    ["J. DOE", "HP:0.1Hz DOE", "12/05/1961", "4711", "HP:12/05/1961", "HPDoe", "N:Ann", "HP:1Hzdoe"],
  );
  const started = performance.now();
  for (const text of ["HP ".repeat(26), "HP:1    ".repeat(10), `${"no ".repeat(26)}!`]) isHarmlessPrefilter(text);
  assert.ok(performance.now() - started < patience(500));
});

test("transducers of known terms are harmless, names, dates and long numbers are not", () => {
  check(
    isHarmlessTransducer,
    [
      "",
      "AgAgCl electrode",
      "Ag-AgCl electrodes",
      "Active Electrode, pin type",
      "AC Transducer of 40",
      "EEG Fp2-F4",
      "Unknown",
    ],
    ["cap of J. DOE", "12-05-1961", "12/05/1961", "4711", "Dr. Who's cap"],
  );
});

test("units, kinds of file, labels and annotation texts are known by name", () => {
  check(isHarmlessUnit, ["uV", "\xb5V", "mV", "%", "degC", ""], ["DOE", "J.D."]);
  check(isHarmlessReserved, ["", "EDF+C", "24BIT"], ["EDF+C DOE", "EDF+E", "edf"]);
  check(
    isKnownLabel,
    ["EEG FP1-REF", "F7-T3", "EKG1", "PHOTIC-REF", "EDF Annotations", "Resp Effort", "SpO2", "31"],
    ["Jane", "DOE 31", "4711"],
  );
  check(
    isHarmlessAnnotation,
    ["seiz", "sz_foc_ia", "Lights off", "Sleep stage N2", "Recording ends", "X", ""],
    ["Jane", "seiz of Jane", "sz_Doe", "47110815", "Dr. Who"],
  );
});
