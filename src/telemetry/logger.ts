import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * The log: one JSON object a line on standard error. It carries ids, counts and times, never what people said and
 * never a key; `what` fields are words of ours or of an engine's error message.
 */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  // Asynchronous: a slow terminal must not hold a turn up. Pino writes what is left when the process ends.
  return pino(options, pino.destination({ dest: 2, sync: false }));
}
