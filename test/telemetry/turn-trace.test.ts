import { describe, expect, test } from 'vitest';
import { TurnTrace } from '../../src/telemetry/turn-trace.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('what a turn waited for', () => {
  test('is the step before the model that ended last, whichever was told of first', () => {
    const trace = new TurnTrace(new ManualClock(), 1_000);
    trace.span('recall', 1_001, 1_040, null);
    trace.span('context', 1_001, 1_003, null);
    trace.span('respond', 1_040, 1_400, null);
    trace.span('remember', 1_400, 1_500, null);
    expect(trace.waitedFor).toBe('recall');
  });

  test('is nothing when no step came before the model', () => {
    const trace = new TurnTrace(new ManualClock(), 1_000);
    expect(trace.waitedFor).toBeNull();
    trace.span('respond', 1_040, 1_400, null);
    expect(trace.waitedFor).toBeNull();
  });
});
