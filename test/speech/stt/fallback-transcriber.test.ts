import { describe, expect, test } from 'vitest';
import { VivavoceError } from '../../../src/errors.ts';
import { Guard } from '../../../src/resilience/guard.ts';
import { guardTranscriber } from '../../../src/resilience/guarded-transcriber.ts';
import { FallbackTranscriber } from '../../../src/speech/stt/fallback-transcriber.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedTranscriber } from '../../support/scripted-transcriber.ts';
import { forever } from '../../support/speech.ts';

const away = new VivavoceError('engine_unavailable', 'away');
const fails = () => Promise.reject(away);

function makePair(keepMs?: number) {
  const first = new ScriptedTranscriber('from the first', 'first');
  const second = new ScriptedTranscriber('from the second', 'second');
  const falls: unknown[] = [];
  const troubles: (string | null)[] = [];
  const both = new FallbackTranscriber({
    engines: [first, second],
    onFallback: (...fall) => falls.push(fall),
    onRead: (trouble) => troubles.push(trouble),
    ...(keepMs !== undefined && { keepMs }),
  });
  const partials: string[] = [];
  const begin = () =>
    both.recognise({ language: 'en', prompt: 'p', speaker: 's', onPartial: (text) => partials.push(text) });
  return { first, second, both, falls, troubles, partials, begin };
}

describe('two recognisers', () => {
  test('are one while the first works: the second never hears a word', async () => {
    const { second, both, falls, begin } = makePair();
    const recognition = begin();
    recognition.push(Int16Array.of(1, 2));
    expect((await recognition.read(forever())).text).toBe('from the first');
    expect([both.engine, both.model]).toEqual(['first', 'script']);
    expect([second.recognitions, falls]).toEqual([[], []]);
  });

  test('share an utterance that the first cannot read: the second hears all of it, and what follows', async () => {
    const { first, second, both, falls, begin } = makePair();
    first.script = fails;
    const recognition = begin();
    recognition.push(Int16Array.of(1, 2));
    recognition.push(Int16Array.of(3));
    expect((await recognition.read(forever())).text).toBe('from the second');
    recognition.push(Int16Array.of(4));
    expect(second.recognitions[0]?.samples).toEqual(Int16Array.of(1, 2, 3, 4));
    expect(second.recognitions[0]?.request).toMatchObject({ language: 'en', prompt: 'p', speaker: 's' });
    expect(falls).toEqual([['first', 'second', away]]);
    expect(both.engine).toBe('second');
  });

  test('do not share the samples themselves: one of them may give its own away', async () => {
    const { first, second, begin } = makePair();
    first.script = fails;
    const recognition = begin();
    recognition.push(Int16Array.of(1, 2));
    structuredClone(null, { transfer: [first.recognitions[0]?.pieces[0]?.buffer as ArrayBuffer] });
    await recognition.read(forever());
    expect(second.recognitions[0]?.samples).toEqual(Int16Array.of(1, 2));
  });

  test('change places back by themselves; meanwhile the second listens from the start', async () => {
    const { first, second, both, begin } = makePair();
    first.script = fails;
    await begin().read(forever());
    const next = begin();
    next.push(Int16Array.of(5));
    expect(second.recognitions[1]?.samples).toEqual(Int16Array.of(5));
    first.script = async () => ({ text: 'well again', words: null });
    expect((await next.read(forever())).text).toBe('well again');
    expect(both.engine).toBe('first');
    begin();
    expect(second.recognitions).toHaveLength(2);
  });

  test('tell of every text why the first did not make it, and that it did', async () => {
    const { first, second, troubles, begin } = makePair();
    first.script = fails;
    await begin().read(forever());
    second.script = () => Promise.reject(new VivavoceError('engine_failed', 'no model'));
    await expect(begin().read(forever())).rejects.toThrow('no model');
    // It was not asked, because nothing was said.
    first.script = async () => ({ text: '', words: null });
    await begin().read(forever());
    first.script = async () => ({ text: 'well again', words: null });
    await begin().read(forever());
    expect(troubles).toEqual(['away', 'away', null]);
  });

  test('show the partial texts of the one that answers', async () => {
    const { first, second, partials, begin } = makePair();
    first.script = fails;
    const recognition = begin();
    first.recognitions[0]?.request.onPartial('a');
    await recognition.read(forever());
    first.recognitions[0]?.request.onPartial('b');
    second.recognitions[0]?.request.onPartial('c');
    begin();
    first.recognitions[1]?.request.onPartial('d');
    second.recognitions[1]?.request.onPartial('e');
    recognition[Symbol.dispose]();
    second.recognitions[0]?.request.onPartial('f');
    expect(partials).toEqual(['a', 'c', 'e']);
  });

  test('that both fail give the error of the last', async () => {
    const { first, second, falls, begin } = makePair();
    const worse = new VivavoceError('engine_failed', 'no model');
    first.script = fails;
    second.script = () => Promise.reject(worse);
    await expect(begin().read(forever())).rejects.toBe(worse);
    expect(falls).toHaveLength(1);
  });

  test('take a question that was given up for what it is', async () => {
    const { first, second, falls, begin } = makePair();
    first.script = () => new Promise(() => undefined);
    const controller = new AbortController();
    const reading = begin().read(controller.signal);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
    expect([second.recognitions, falls]).toEqual([[], []]);
  });

  test('keep so much of an utterance as they were told, in whole pieces', async () => {
    const { first, second, begin } = makePair(1_000);
    first.script = fails;
    const recognition = begin();
    for (let i = 0; i < 50; i++) recognition.push(new Int16Array(1_600).fill(i));
    await recognition.read(forever());
    expect(second.recognitions[0]?.pieces.map(([value]) => value)).toEqual([
      40, 41, 42, 43, 44, 45, 46, 47, 48, 49,
    ]);
  });

  test('are both released', async () => {
    const { first, second, begin } = makePair();
    first.script = fails;
    const recognition = begin();
    await recognition.read(forever());
    recognition[Symbol.dispose]();
    expect([...first.recognitions, ...second.recognitions].map(({ disposed }) => disposed)).toEqual([
      true,
      true,
    ]);
    await expect(recognition.read(forever())).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('do not wait for a first one whose breaker is open', async () => {
    const { first, second } = makePair();
    let asked = 0;
    first.script = () => {
      asked++;
      return Promise.reject(away);
    };
    using guard = new Guard({ name: 'stt:first', clock: new ManualClock(), maxConcurrent: 4 });
    const errors: unknown[] = [];
    const both = new FallbackTranscriber({
      engines: [guardTranscriber(first, guard), second],
      onFallback: (_from, _to, error) => errors.push(error),
    });
    for (let i = 0; i < 7; i++) {
      using recognition = both.recognise({
        language: null,
        prompt: null,
        speaker: 's',
        onPartial: () => undefined,
      });
      expect((await recognition.read(forever())).text).toBe('from the second');
    }
    expect(asked).toBe(5);
    expect(errors.slice(5)).toMatchObject([{ code: 'breaker_open' }, { code: 'breaker_open' }]);
  });
});
