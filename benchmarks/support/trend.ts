/** A straight line through what was measured over time, by least squares. */
export interface Trend {
  readonly perHour: number;
  /** Standard error of it. */
  readonly errorPerHour: number;
  /** What it makes over the time that was measured. */
  readonly growth: number;
  readonly mean: number;
}

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

const HOUR_MS = 3_600_000;

export function trendOf(points: readonly Point[]): Trend {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanAt = mean(points.map(({ atMs }) => atMs));
  const meanValue = mean(points.map(({ value }) => value));
  let together = 0;
  let spread = 0;
  for (const { atMs, value } of points) {
    together += (atMs - meanAt) * (value - meanValue);
    spread += (atMs - meanAt) ** 2;
  }
  const slope = together / spread;
  const left = points.map(({ atMs, value }) => value - meanValue - slope * (atMs - meanAt));
  const variance = left.reduce((sum, rest) => sum + rest ** 2, 0) / Math.max(1, points.length - 2);
  const spanMs = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  return {
    perHour: slope * HOUR_MS,
    errorPerHour: Math.sqrt(variance / spread) * HOUR_MS,
    growth: slope * spanMs,
    mean: meanValue,
  };
}

/** Whether it grows: more than chance would have it, and by more than a twentieth, or two, while it was looked at. */
export function grows({ perHour, errorPerHour, growth, mean }: Trend): boolean {
  return perHour > 3 * errorPerHour && growth > Math.max(2, mean / 20);
}
