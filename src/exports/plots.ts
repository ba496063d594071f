/**
 * Figures as plain plotly JSON.
 * @module ictal/plots
 */

export { type Mistakes, worstFirst } from "../base/worst-first.js";
export { aeegFigure } from "../plots/aeeg.js";
export { channelMatrix } from "../plots/channel-matrix.js";
export { cacheCoverage, patientShares, seizureShares } from "../plots/dataset.js";
export { type DetectionTrack, detectionFigure } from "../plots/detection.js";
export { eegPage } from "../plots/eeg-page.js";
export { type Caption, type Figure, makeFigure } from "../plots/figure.js";
export { labelAgreement } from "../plots/label-agreement.js";
export {
  detectedByGroup,
  falseAlarmCurve,
  latencyHistogram,
  patientForest,
  patientReliability,
  reliabilityDiagram,
} from "../plots/measures.js";
export { busiestPatient, patientTimeline } from "../plots/patient-timeline.js";
export { type LeftOutRow, type ReviewRow, reviewList, reviewRow } from "../plots/review/list.js";
export {
  type Mistake,
  type MistakeGalleryOptions,
  type MistakePanel,
  mistakeGallery,
  mistakePanels,
} from "../plots/review/mistake-gallery.js";
export { type ReviewLinks, reviewPage } from "../plots/review/page.js";
export type { PageTracesOptions } from "../plots/review/page-traces.js";
export type { DetectorTrack, NamedEvent, ReviewRecording } from "../plots/review/recording.js";
export { type ReviewFigureOptions, reviewFigure } from "../plots/review/review-figure.js";
export { traceSpreads } from "../plots/review/trace-spreads.js";
export { type MarkedThreshold, rocFigure } from "../plots/roc.js";
export { labelTimeline, seizureLengths, timeShare } from "../plots/seizure-labels.js";
export { channelSpread, onsetMap } from "../plots/seizure-onset.js";
export { seizureHours, seizureIntervals } from "../plots/seizure-times.js";
export { seizureTypesByPatient, seizureTypesBySplit } from "../plots/seizure-types.js";
export { snrSensitivity } from "../plots/snr.js";
export { type DrawnSpectrum, ictalSpectraFigure, spectraFigure } from "../plots/spectra.js";
export { type ScalpValue, spectrogramFigure, topography } from "../plots/time-frequency.js";
export { trainingCurve } from "../plots/training-curve.js";
export { typeConfusionFigure } from "../plots/type-confusion.js";
export { sensitivityByDuration } from "../plots/type-duration.js";
export { windowClasses } from "../plots/window-classes.js";
