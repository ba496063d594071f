/** The labels of annotation files. */

/** Class of a label. "other" (artefacts, spikes, non-epileptic events) is neither seizure nor background. */
export type LabelClass = "seizure" | "background" | "other";

export interface LabelInfo {
  readonly label: string;
  readonly class: LabelClass;
  readonly meaning: string;
  /** HED-SCORE event type, where one exists. */
  readonly hedScore?: string;
}

function seizure(label: string, meaning: string, hedScore: string): LabelInfo {
  return { label, class: "seizure", meaning, hedScore };
}

function other(label: string, meaning: string): LabelInfo {
  return { label, class: "other", meaning };
}

/** Labels of the TUH EEG annotation files. `nesz` ends in "sz" and is not a seizure: only this table decides. */
export const ANNOTATION_LABELS: readonly LabelInfo[] = [
  { label: "bckg", class: "background", meaning: "background", hedScore: "bckg" },
  seizure("seiz", "seizure of any type", "sz"),
  seizure("fnsz", "focal non-specific seizure", "sz_foc"),
  seizure("gnsz", "generalized non-specific seizure", "sz_gen"),
  seizure("spsz", "simple partial seizure", "sz_foc_a"),
  seizure("cpsz", "complex partial seizure", "sz_foc_ia"),
  seizure("absz", "absence seizure", "sz_gen_nm"),
  seizure("tnsz", "tonic seizure", "sz_gen_m_tonic"),
  seizure("cnsz", "clonic seizure", "sz_gen_m_clonic"),
  seizure("tcsz", "tonic-clonic seizure", "sz_gen_m_tonicClonic"),
  seizure("atsz", "atonic seizure", "sz_gen_m_atonic"),
  seizure("mysz", "myoclonic seizure", "sz_gen_nm_myoclonic"),
  other("nesz", "non-epileptic seizure"),
  other("spkz", "spike"),
  other("spsw", "spike and slow wave"),
  other("gped", "generalized periodic epileptiform discharge"),
  other("pled", "periodic lateralized epileptiform discharge"),
  other("intr", "interesting pattern"),
  other("slow", "slowing"),
  other("eyem", "eye movement"),
  other("chew", "chewing"),
  other("shiv", "shivering"),
  other("musc", "muscle artefact"),
  other("elpp", "electrode pop"),
  other("elst", "electrostatic artefact"),
  other("elec", "electrode artefact"),
  other("eybl", "eye blink"),
  other("hphs", "hypnagogic hypersynchrony"),
  other("trip", "triphasic wave"),
  other("calb", "calibration"),
  other("artf", "artefact"),
  other("eyem_chew", "eye movement and chewing"),
  other("eyem_shiv", "eye movement and shivering"),
  other("eyem_musc", "eye movement and muscle artefact"),
  other("eyem_elec", "eye movement and electrode artefact"),
  other("chew_shiv", "chewing and shivering"),
  other("chew_musc", "chewing and muscle artefact"),
  other("chew_elec", "chewing and electrode artefact"),
  other("shiv_elec", "shivering and electrode artefact"),
  other("musc_elec", "muscle and electrode artefact"),
  other("impd", "impedance check, in events files of BIDS corpora"),
  other("checked", "time that was looked at, in events files of BIDS corpora"),
];
