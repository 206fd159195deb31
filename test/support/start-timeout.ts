/** The service starts in two seconds; on a machine that does ten other things it may take its time. */
export const START_TIMEOUT_MS = 40_000;
