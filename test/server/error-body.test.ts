import { expect, test } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { httpStatus, retryAfter } from '../../src/server/error-body.ts';

test('an error that knows when to try again says it in a header, in whole seconds', () => {
  const busy = new VivavoceError('overloaded', 'Come back in a moment.', { retryAfterSeconds: 1.2 });
  expect([httpStatus(busy), retryAfter(busy)]).toEqual([503, { 'Retry-After': '2' }]);
  expect(retryAfter(new VivavoceError('not_found', 'It is not there.'))).toEqual({});
  expect(retryAfter(new Error('Something else.'))).toEqual({});
});
