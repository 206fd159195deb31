export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly p50: number;
  readonly p95: number;
  readonly n: number;
  /** Conversations at once. */
  readonly sessions?: number;
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Median and 95th percentile of what was measured, rounded to microseconds when it is milliseconds. */
export function summarise(name: string, unit: string, values: readonly number[]): Result {
  const sorted = [...values].sort((a, b) => a - b);
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return {
    name,
    unit,
    p50: round(percentile(sorted, 0.5)),
    p95: round(percentile(sorted, 0.95)),
    n: values.length,
  };
}

/** One JSON object a line, or a line for people. */
export function print(result: Result, asJson: boolean): void {
  const { name, unit, p50, p95, n, sessions } = result;
  const who = sessions === undefined ? '' : ` (${sessions} sessions)`;
  const line = asJson
    ? JSON.stringify(result)
    : `${(name + who).padEnd(38)} p50 ${String(p50).padStart(9)}  p95 ${String(p95).padStart(9)} ${unit}  n ${n}`;
  process.stdout.write(`${line}\n`);
}
