import { describe, expect, it } from 'vitest';
import { Semaphore } from '../../src/resilience/semaphore.ts';

const never = new AbortController().signal;

describe('Semaphore', () => {
  it('lets the limit in and the rest wait in their order', async () => {
    const semaphore = new Semaphore({ name: 'x', limit: 2, maxWaiting: 2 });
    const first = await semaphore.acquire(never);
    await semaphore.acquire(never);
    const order: number[] = [];
    const arrive = async (number: number) => {
      const slot = await semaphore.acquire(never);
      order.push(number);
      return slot;
    };
    const third = arrive(3);
    const fourth = arrive(4);
    expect([semaphore.inside, semaphore.waiting]).toEqual([2, 2]);
    first.release();
    (await third).release();
    await fourth;
    expect(order).toEqual([3, 4]);
    expect([semaphore.inside, semaphore.waiting]).toEqual([2, 0]);
  });

  it('turns away at once who would be one too many', async () => {
    const semaphore = new Semaphore({ name: 'flite', limit: 1, maxWaiting: 1 });
    await semaphore.acquire(never);
    void semaphore.acquire(never);
    await expect(semaphore.acquire(never)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('flite is busy'),
    });
  });

  it('forgets who stops waiting', async () => {
    const semaphore = new Semaphore({ name: 'x', limit: 1, maxWaiting: 5 });
    const first = await semaphore.acquire(never);
    const controller = new AbortController();
    const impatient = semaphore.acquire(controller.signal);
    const patient = semaphore.acquire(never);
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'cancelled' });
    first.release();
    await patient;
    expect([semaphore.inside, semaphore.waiting]).toEqual([1, 0]);
    await expect(semaphore.acquire(controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('counts a slot that is given back twice once', async () => {
    const semaphore = new Semaphore({ name: 'x', limit: 2, maxWaiting: 0 });
    const slot = await semaphore.acquire(never);
    await semaphore.acquire(never);
    slot.release();
    slot.release();
    expect(semaphore.inside).toBe(1);
  });
});
