/** Words that corpora use for the three splits. */
const WORDS: Readonly<Record<"train" | "dev" | "eval", readonly string[]>> = {
  train: ["train", "training"],
  dev: ["dev", "val", "valid", "validation", "development"],
  eval: ["eval", "test", "testing", "evaluation", "held-out", "heldout"],
};

/** The split train, dev or eval that `word` means, in any case; undefined for other words. */
export function knownSplit(word: string): "train" | "dev" | "eval" | undefined {
  const plain = word.trim().toLowerCase();
  return (Object.keys(WORDS) as (keyof typeof WORDS)[]).find((split) => WORDS[split].includes(plain));
}
