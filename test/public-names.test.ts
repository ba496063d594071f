import assert from "node:assert/strict";
import { test } from "node:test";
import * as ictal from "ictal";

/** Adding or removing a name is a visible change: edit this list with it. */
const NAMES = `
ANNOTATION_LABELS CacheError CellError Comm ConfigError DEFAULT_CHAIN EEG_BANDS ELECTRODES_19 FormatError
NotFoundError POSTPROCESS_DEFAULTS REFERENCE_CHAIN SZCORE_DEFAULTS StoreError UnsupportedError aeeg aeegFigure
assignSplits auroc aurocInterval balanceFromConfig balanceWindows bandPowers bandRise buildCache bundleOf
busiestPatient butterworth bytesSource cacheCoverage cacheKeyFromConfig calibrationCurve canonicalJson cascade
catalogueKeys chainFromConfig chainHash channelMatrix checkAnnotationFiles checkCorpus checkCorpusAnnotations
compareAnnotations compareAuroc compareDetectors complementIntervals configJsonSchema configValues coverageOf
createChain createDetector createDisplayProgress createEventStream createFilterState createProgress createRandom
createReceipt deidentifyEdf detectEvents detectedByGroup detectionFigure devMetrics display eegPage electrodeOf
electrodePosition encodeEdf epochOrder evaluatePredictions eventOutcomes exampleWindows exportNpz exportOnnx
falseAlarmCurve figureImage fileSource finalisePlan findDuplicates folderStore foldsOf formatSummary gcCache
hashOf importNpz indexWindows injectFaults isIctalError isScalpElectrode kernel labelAgreement labelClassOf
labelTimeline latencyHistogram lineLength liveDisplay loadConfig loadSafetensors loadWeights logitCount
lookAheadFromConfig lookAheadText
makeFigure makePlan meanSpectrum memoryStore mergeIntervals modelFromConfig montageOf notch numpySnippet
onsetLatencies onsetLatency openBatches openCache openCorpusSource openExecutor openObject openStore
openWindowReader openWindows operatingPoints parameterCount parseConfig parseSweep patientForest patientShares
patientTimeline planCrossval pointWithin pooledCells postprocessFromConfig predictRecordings probeExecutors
projectCommit projectDir projectPath pullObjects readAnnotations readCatalogue readEdfAnnotations readEdfBlocks
readEdfHeader readEdfInfo readEdfPage readFolds readFrames readLabels readManifest readPlan readPrediction
readPredictions readSplitFile readSplits readViewSignals reliabilityDiagram resamplePolyphase resultTable
reviewFigure reviewList reviewPage reviewRow rocAndPrCurves rocFigure runPool runTask s3Store saveSafetensors
scoreBreakdown scoreEvents scoreFolds scoreIntervals scoreNedc scoreSamples scoreSzcore scoreSzcoreEvaluation
seizureEvents seizureLengths seizureShares sensitivitiesAtRates sensitivityAtFalseAlarms sha256 silentProgress
sosfiltInto sosfiltfilt spectraFigure spectrogram spectrogramFigure splitByPatient splitFromConfig startS3Server
startTraining storeSource summarizeFindings summarizeModel synthesizeCorpus szcoreRates timeShare topography
totalSeconds trainOptionsFromConfig trainingCurve typeConfusion typeConfusionFigure validSamplesOf verifyCache
welch windowClass windowClasses windowComposition windowPanels withMirror writeCsv writeCsvBi writeEdf
writeHedScoreTsv writeManifest writePlan writePrediction writeSplits writeTse
`
  .trim()
  .split(/\s+/);

test("the package exports exactly the names listed here", () => {
  assert.deepEqual(Object.keys(ictal).sort(), NAMES);
});
