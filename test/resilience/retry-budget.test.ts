import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ErrorCode, VivavoceError } from '../../src/errors.ts';
import { isWorthRetrying, RetryBudget } from '../../src/resilience/retry-budget.ts';

it('lets one be tried again when little is under way', () => {
  const budget = new RetryBudget(() => 1);
  const first = budget.take();
  expect(first).not.toBeNull();
  expect(budget.take()).toBeNull();
  first?.[Symbol.dispose]();
  expect(budget.take()).not.toBeNull();
});

it('is not given more by a share that is given back twice', () => {
  const budget = new RetryBudget(() => 0);
  const share = budget.take();
  share?.[Symbol.dispose]();
  share?.[Symbol.dispose]();
  expect(budget.take()).not.toBeNull();
  expect(budget.take()).toBeNull();
});

it('never has more than a tenth of what is under way out, or one', () => {
  const step = fc.oneof(fc.constant('take' as const), fc.constant('give' as const), fc.nat({ max: 300 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let active = 0;
      const out: Disposable[] = [];
      const budget = new RetryBudget(() => active);
      for (const doing of steps) {
        if (typeof doing === 'number') active = doing;
        else if (doing === 'give') out.shift()?.[Symbol.dispose]();
        else {
          const before = out.length;
          const share = budget.take();
          if (share) out.push(share);
          expect(share !== null).toBe(before < Math.max(1, Math.floor(active / 10)));
        }
      }
    }),
    { numRuns: 100, seed: 5 },
  );
});

it('is for what may go well at once, and not for what we have no room for ourselves', () => {
  const codes: ErrorCode[] = [
    ...(['engine_unavailable', 'engine_timeout', 'engine_failed', 'breaker_open', 'overloaded'] as const),
    ...(['cancelled', 'invalid_request', 'not_found', 'store_failed'] as const),
  ];
  const worth = codes.filter((code) => isWorthRetrying(new VivavoceError(code, '')));
  expect(worth).toEqual(['engine_unavailable', 'engine_timeout']);
  expect(isWorthRetrying(new Error('ECONNRESET'))).toBe(false);
});
