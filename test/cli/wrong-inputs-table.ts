/** Every input and output of every verb, for wrong-inputs.test.ts. `@` is the place of what is wrong. */

/** What belongs in the place: something that is read, or a name that is written. */
export type Place = "file" | "folder" | "new file" | "new folder" | "file or folder";

/** What can be wrong there. */
export type Fault =
  | "missing"
  | "unreadable"
  | "folder for file"
  | "file for folder"
  | "empty folder"
  | "empty file"
  | "other file"
  | "below a file"
  | "unwritable";

export const FAULTS: Readonly<Record<Place, readonly Fault[]>> = {
  file: ["missing", "unreadable", "folder for file", "empty file", "other file"],
  folder: ["missing", "unreadable", "file for folder", "empty folder"],
  "file or folder": ["missing", "unreadable", "empty folder", "empty file", "other file"],
  "new file": ["folder for file", "below a file", "unwritable"],
  "new folder": ["file for folder", "below a file", "unwritable"],
};

/** Sound things, by the names that stand for them in the words. */
export const SOUND = [
  "config",
  "corpus",
  "edf",
  "run",
  "weights",
  "predictions",
  "annotations",
  "notebook",
  "out",
] as const;

export interface Case {
  /** Words of the command; `$name` is something sound. */
  readonly words: string;
  readonly place: Place;
  /** Of files in the place. */
  readonly ending: string;
  /** Exit code: 2 for wrong use and configurations, 1 for data. */
  readonly status: number;
  /** What is no fault there. */
  readonly fine: readonly Fault[];
}

type Rest = Partial<Pick<Case, "ending" | "status" | "fine">>;

const row = (words: string, place: Place, { ending = "", status = 1, fine = [] }: Rest = {}): Case => ({
  ...{ words, place, ending, status, fine },
});

export const CASES: readonly Case[] = [
  row("config show --config @", "file", { ending: ".yaml", status: 2 }),
  row("config schema --out @", "new file"),
  row("s3 serve @", "folder", { fine: ["empty folder"] }),
  row("s3 pull s3://b/ $out --patients @ --anonymous --endpoint http://127.0.0.1:9", "file", {
    ending: ".txt",
    status: 2,
    fine: ["other file"],
  }),
  row("s3 pull s3://b/ @ --anonymous --endpoint http://127.0.0.1:9", "new folder", { status: 2, fine: ["unwritable"] }),
  row("edf info @", "file", { ending: ".edf" }),
  row("edf deidentify @ $out", "file", { ending: ".edf" }),
  row("edf deidentify $edf @", "new file", { ending: ".edf" }),
  row("annotations check @", "file or folder", { ending: ".csv_bi" }),
  row("corpus check @", "folder"),
  row("corpus synth @", "new folder"),
  row("corpus inject --background @ --snr 0 --out $out", "folder"),
  row("corpus inject --background $corpus --snr 0 --out @", "new folder"),
  row("corpus snr @ --hyp $annotations", "folder"),
  row("cache build --config @", "file", { ending: ".yaml", status: 2 }),
  row("cache build --config $config --data-dir @", "folder"),
  row("cache build --config $config --cache-dir @ --workers 0", "new folder"),
  row("cache verify @", "folder"),
  row("cache gc @", "folder", { fine: ["empty folder"] }),
  row("cache export --config $config --npz @", "new folder"),
  row("cache export --config $config --cache-dir @ --npz $out", "folder"),
  row("cache import @ --cache-dir $out", "folder"),
  row("manifest --cache-dir @", "folder"),
  row("dataset inspect --config @", "file", { ending: ".yaml", status: 2 }),
  row("dataset inspect --config $config --cache-dir @", "folder"),
  row("train --config @", "file", { ending: ".yaml", status: 2 }),
  row("train --config $config --set experiment.output_dir=@", "new folder"),
  row("crossval --config @ --out $out", "file", { ending: ".yaml", status: 2 }),
  row("crossval --config $config --folds 2 --out @", "new folder"),
  row("model summary --config @", "file", { ending: ".yaml", status: 2 }),
  row("model import @ --model unet --out $out", "file", { ending: ".pth" }),
  row("model export --checkpoint @ --config $config --out $out --samples 2560", "file or folder", {
    ending: ".safetensors",
  }),
  row("model export --checkpoint $run --config $config --out @ --samples 2560", "new file", { ending: ".onnx" }),
  row("predict --config @ --checkpoint $run --out $out", "file", { ending: ".yaml", status: 2 }),
  row("predict --config $config --checkpoint @ --out $out", "file or folder", { ending: ".safetensors" }),
  row("predict --config $config --checkpoint $run --out @", "new folder"),
  row("predict --config $config --checkpoint $run --out $out --calibration @", "file", { ending: ".json" }),
  row("predict --config $config --checkpoint $run --out $out --cache-dir @", "folder"),
  row("detect @ $out.tsv --config $config --checkpoint $run", "file", { ending: ".edf" }),
  row("detect $edf @ --config $config --checkpoint $run", "new file", { ending: ".tsv" }),
  row("detect $edf $out.tsv --config $config --checkpoint @", "file or folder", { ending: ".safetensors" }),
  row("stream @ --config $config --checkpoint $run --allow-look-ahead", "file", { ending: ".edf" }),
  row("score --ref @ --hyp $annotations", "file or folder", { ending: ".csv_bi" }),
  row("score --ref $annotations --hyp @", "file or folder", { ending: ".csv_bi" }),
  row("score --ref $annotations --hyp $annotations --compare @", "file or folder", { ending: ".csv_bi" }),
  row("score --ref $annotations --hyp $annotations --report @", "new file", { ending: ".html" }),
  row("threshold --config $config --predictions @", "folder"),
  row("calibrate --config $config --predictions @ --out $out", "folder"),
  row("report --config $config --predictions @ --out $out", "folder"),
  row("report --config $config --predictions $predictions --run @ --out $out", "folder"),
  row("report --config $config --predictions $predictions --out @", "new file", { ending: ".html" }),
  row("review --config $config --predictions @ --out $out", "folder"),
  row("review --config $config --out @", "new folder"),
  row("review --config $config --data-dir @ --out $out", "folder"),
  row("notebook exec @", "file", { ending: ".ipynb", status: 2 }),
  row("notebook exec $notebook --log @", "new file", { ending: ".jsonl" }),
  row("notebook params @", "file", { ending: ".ipynb", status: 2 }),
  row("kernel install --prefix @", "new folder", { fine: ["unwritable"] }),
  row("shard plan cache --config $config --dir @", "new folder"),
  row("shard plan score --ref @ --hyp $annotations --dir $out", "folder", { status: 2 }),
  row("shard task --plan @ --shard 0/1", "folder"),
  row("shard run --plan @", "folder"),
  row("shard finalise --plan @", "folder"),
  row("shard status --plan @", "folder"),
  row("slurm cache --config @ --dry-run", "file", { ending: ".yaml", status: 2 }),
  row("slurm cache --config $config --data-dir @ --dry-run", "folder", { status: 2, fine: ["unreadable"] }),
  row("slurm status @", "folder"),
  row("slurm retry --plan @", "folder"),
  row("modal train --config @", "file", { ending: ".yaml", status: 2 }),
  row("corpus check $corpus --splits @", "folder"),
  row("corpus check $corpus --parts @", "new folder"),
  row("model import $weights --model unet --config $config --out @", "new folder"),
  row("model import $weights --model unet --config @ --out $out", "file", { ending: ".yaml", status: 2 }),
  row("model export --checkpoint $run --config @ --out $out --samples 2560", "file", { ending: ".yaml", status: 2 }),
  row("detect $edf $out.tsv --config $config --checkpoint $run --calibration @", "file", { ending: ".json" }),
  row("stream $edf --config $config --checkpoint @ --allow-look-ahead", "file or folder", { ending: ".safetensors" }),
  row("stream $edf --config @ --checkpoint $run --allow-look-ahead", "file", { ending: ".yaml", status: 2 }),
  row("report --config $config --predictions $predictions --pdf @", "new file", { ending: ".pdf" }),
  row("review --config $config --predictions $predictions --checkpoint @ --out $out", "file or folder", {
    ending: ".safetensors",
  }),
  row("notebook exec $notebook --output @", "new file", { ending: ".ipynb" }),
  row("notebook exec $notebook --parameters-file @", "file", { ending: ".yaml", status: 2 }),
  row("notebook report @", "file", { ending: ".ipynb", status: 2 }),
  row("notebook report $notebook --output @", "new file", { ending: ".html" }),
  row("kernel remove ictal --prefix @", "folder", { status: 2 }),
  row("shard plan check --config $config --dir @", "new folder"),
  row("shard plan predict --config $config --checkpoint @ --out $out --dir $out", "file or folder", {
    ending: ".safetensors",
  }),
  row("shard plan predict --config $config --checkpoint $run --out $out --dir @", "new folder"),
  row("shard plan score --ref $annotations --hyp @ --dir $out", "folder", { status: 2 }),
  row("shard plan score --ref $annotations --hyp $annotations --dir @", "new folder"),
  row("shard plan train --config $config --dir @", "new folder"),
  row("shard plan crossval --config $config --dir @", "new folder"),
  row("annotations collect @ --out $out", "file", { ending: ".json" }),
  row("review --config $config --predictions $predictions --ref @ --out $out", "folder"),
];

/** Paths that other tests try, and why they are not tried here. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  "backend build --python": "builds with pip: a program is named, and it takes minutes",
  "backend build --dir": "the same",
  "corpus snr --hyp": "wants an injected corpus: corpus-inject.test.ts",
  "corpus snr --html": "the same",
  "annotations collect --out": "wants saved marks: collect-marks.test.ts",
  "calibrate --out": "wants predictions of four patients: it writes as score --report does",
  "shard plan sweep --dir": "wants a sweep file: it writes as shard plan train does",
  "slurm sweep --dir": "the same",
  "shard plan predict --out": "is written by the tasks: as predict --out",
  "slurm predict --out": "the same",
  "modal train --bucket-prefix": "a folder in a bucket",
  "modal cache --bucket-prefix": "the same",
  "modal cache --config": "as modal train --config",
  "modal status --config": "the same",
  "modal logs --config": "the same",
  "modal stop --config": "the same",
};
