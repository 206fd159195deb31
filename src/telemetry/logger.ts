import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * The log: one JSON object a line on standard output. It carries ids, counts and times, never what people said and
 * never a key; `what` fields are words of ours or of an engine's error message.
 */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
