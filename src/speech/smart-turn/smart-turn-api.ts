export type SmartTurnApi = {
  /** 16 kHz mono, the last 8 s at most → the probability that the turn is complete. */
  complete(audio: Int16Array): Promise<number>;
};
