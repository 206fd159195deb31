import { describe, expect, test } from 'vitest';
import type { OpenStore } from '../memory-store-contract.ts';
import {
  ALICE,
  add,
  DAY_MS,
  EVERYTHING,
  HOLDING,
  home,
  idOf,
  kept,
  memory,
  texts,
} from '../sample-memories.ts';

const BERLIN = 'The user lives in Berlin.';
const OSLO = 'The user lives in Oslo.';

export function describeSuperseding(open: OpenStore): void {
  describe('what takes the place of what', () => {
    test('a new value of an attribute takes the place of the old one, which becomes history', async () => {
      await using opened = await open();
      const { store } = opened;
      const [berlin, oslo] = [home(1, 'Berlin'), home(2, 'Oslo')];
      await store.apply(ALICE, [add(berlin)]);
      expect(await store.apply(ALICE, [add(oslo)])).toEqual([
        { outcome: 'added', id: oslo.id, superseded: [berlin.id] },
      ]);
      const past = kept(berlin, { invalidAtMs: oslo.validAtMs, supersededBy: oslo.id });
      expect((await store.list(ALICE, EVERYTHING)).data).toEqual([past, kept(oslo)]);
      expect(texts((await store.list(ALICE, HOLDING)).data)).toEqual([OSLO]);
    });

    test('the same value in other words is known', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [add(home(1, 'Berlin'))]);
      const again = memory(2, 'Berlin is where the user lives.', { attribute: 'home', value: 'berlin' });
      expect(await store.apply(ALICE, [add(again)])).toEqual([
        { outcome: 'known', id: idOf(1), superseded: [] },
      ]);
    });

    test('another subject or another attribute is something else', async () => {
      await using opened = await open();
      const { store } = opened;
      const changes = [
        add(home(1, 'Berlin')),
        add(
          memory(2, "The user's sister lives in Oslo.", {
            ...{ subject: 'sister', attribute: 'home' },
            value: 'Oslo',
          }),
        ),
        add(memory(3, 'The user was born in Rome.', { attribute: 'birthplace', value: 'Rome' })),
        add(memory(4, 'The user likes tea.')),
        add(memory(5, 'The user likes rum.')),
      ];
      const applied = await store.apply(ALICE, changes);
      expect(applied.map(({ outcome }) => outcome)).toEqual(changes.map(() => 'added'));
      expect((await store.list(ALICE, HOLDING)).data).toHaveLength(5);
    });

    test('an attribute whose value is not known apart is replaced as well', async () => {
      await using opened = await open();
      const { store } = opened;
      const job = (id: number, text: string) => memory(id, text, { attribute: 'job' });
      await store.apply(ALICE, [add(job(1, 'The user is a nurse.'))]);
      const [applied] = await store.apply(ALICE, [add(job(2, 'The user is a baker.'))]);
      expect(applied).toEqual({ outcome: 'added', id: idOf(2), superseded: [idOf(1)] });
    });

    test('what was valid earlier and arrives later goes into the history at once', async () => {
      await using opened = await open();
      const { store } = opened;
      const [berlin, oslo] = [home(1, 'Berlin'), home(2, 'Oslo')];
      await store.apply(ALICE, [add(oslo)]);
      expect(await store.apply(ALICE, [add(berlin)])).toEqual([
        { outcome: 'outdated', id: berlin.id, superseded: [] },
      ]);
      const past = kept(berlin, { invalidAtMs: oslo.validAtMs, supersededBy: oslo.id });
      expect(await store.history(ALICE, oslo.id)).toEqual([past, kept(oslo)]);
      expect(await store.apply(ALICE, [add(berlin)])).toEqual([
        { outcome: 'known', id: berlin.id, superseded: [] },
      ]);
    });

    test('of two that are valid from the same moment on, the one that is learned last holds', async () => {
      await using opened = await open();
      const { store } = opened;
      const berlin = home(1, 'Berlin');
      const oslo = home(2, 'Oslo', { validAtMs: berlin.validAtMs });
      const applied = await store.apply(ALICE, [add(berlin), add(oslo)]);
      expect(applied[1]).toEqual({ outcome: 'added', id: oslo.id, superseded: [berlin.id] });
    });

    test('takes the place of what it was told to, and ignores what is not there', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [
        add(memory(1, 'The user likes tea.')),
        add(memory(2, 'The user drinks tea daily.')),
      ]);
      const rum = memory(3, 'The user only drinks rum.');
      const [applied] = await store.apply(ALICE, [add(rum, [idOf(1), idOf(2), idOf(9)])]);
      expect(applied).toMatchObject({ outcome: 'added', id: rum.id });
      expect(applied?.superseded.toSorted()).toEqual([idOf(1), idOf(2)]);
      expect(texts((await store.list(ALICE, HOLDING)).data)).toEqual([rum.text]);
      for (const id of [idOf(1), idOf(2)])
        expect(await store.get(ALICE, id)).toMatchObject({
          invalidAtMs: rum.validAtMs,
          supersededBy: rum.id,
        });
    });

    test('what no longer holds is not replaced a second time', async () => {
      await using opened = await open();
      const { store } = opened;
      const cold = memory(1, 'The user has a cold.');
      await store.apply(ALICE, [add(cold), { type: 'end', id: cold.id, atMs: cold.validAtMs + 1 }]);
      const [applied] = await store.apply(ALICE, [add(memory(2, 'The user is well.'), [cold.id])]);
      expect(applied?.superseded).toEqual([]);
      expect(await store.get(ALICE, cold.id)).toEqual(kept(cold, { invalidAtMs: cold.validAtMs + 1 }));
    });

    test('nothing ends before it began', async () => {
      await using opened = await open();
      const { store } = opened;
      const tea = memory(1, 'The user likes tea.');
      const rum = memory(2, 'The user likes rum.', { validAtMs: tea.validAtMs - DAY_MS });
      await store.apply(ALICE, [add(tea), add(rum, [tea.id])]);
      expect(await store.get(ALICE, tea.id)).toMatchObject({ invalidAtMs: tea.validAtMs });
    });

    test('from Berlin to Oslo and back is a history of three, from whichever end it is read', async () => {
      await using opened = await open();
      const { store } = opened;
      for (const change of [home(1, 'Berlin'), home(2, 'Oslo'), home(3, 'Berlin')])
        expect((await store.apply(ALICE, [add(change)]))[0]?.outcome).toBe('added');
      await store.apply(ALICE, [add(memory(4, 'The user likes tea.'))]);
      for (const id of [idOf(1), idOf(2), idOf(3)]) {
        const history = await store.history(ALICE, id);
        expect(texts(history)).toEqual([BERLIN, OSLO, BERLIN]);
        expect(history.map(({ supersededBy }) => supersededBy)).toEqual([idOf(2), idOf(3), null]);
      }
      expect(await store.history(ALICE, idOf(9))).toEqual([]);
    });

    test('a history has all branches that came together', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [
        add(memory(1, 'The user likes tea.')),
        add(memory(2, 'The user likes rum.')),
        add(memory(3, 'The user likes tea with rum.'), [idOf(1), idOf(2)]),
      ]);
      expect((await store.history(ALICE, idOf(1))).map(({ id }) => id)).toEqual([idOf(1), idOf(2), idOf(3)]);
    });

    test('changes that are applied at the same moment end up one after the other', async () => {
      await using opened = await open();
      const { store } = opened;
      const cities = ['Berlin', 'Oslo', 'Rome', 'Bern', 'Riga'];
      await Promise.all(cities.map((city, index) => store.apply(ALICE, [add(home(index, city))])));
      expect(texts((await store.list(ALICE, HOLDING)).data)).toEqual(['The user lives in Riga.']);
      expect(await store.history(ALICE, idOf(4))).toHaveLength(cities.length);
    });
  });
}
