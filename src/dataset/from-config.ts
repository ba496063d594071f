import type { Config } from "../base/config-schema.js";
import type { BalanceOptions } from "./balance.js";

/** How a configuration wants its windows balanced, seed apart. */
export function balanceFromConfig({ data: { balance } }: Pick<Config, "data">): Omit<BalanceOptions, "seed"> {
  const { full_ratio: fullRatio, none_ratio: noneRatio, even_patients: evenPatients } = balance;
  return { fullRatio, noneRatio, evenPatients };
}
