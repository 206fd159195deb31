import type { TokenUsage } from './chat-model.ts';

/** Per million tokens, in whatever currency the operator thinks. */
export interface TokenPrices {
  readonly input: number;
  /** The input price when it is absent. */
  readonly cachedInput?: number;
  readonly output: number;
}

const MILLION = 1_000_000;

/** What a response has cost, in the currency of `prices`; null without prices, because unknown is not free. */
export function costOf(usage: TokenUsage, prices: TokenPrices | null): number | null {
  if (prices === null) return null;
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  const fresh = usage.inputTokens - cached;
  const cachedPrice = prices.cachedInput ?? prices.input;
  return (fresh * prices.input + cached * cachedPrice + usage.outputTokens * prices.output) / MILLION;
}
