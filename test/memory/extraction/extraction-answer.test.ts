import { describe, expect, test } from 'vitest';
import { ANSWER_FORMAT, readAnswer } from '../../../src/memory/extraction/extraction-answer.ts';
import { answer, claim } from './sample-batch.ts';

const OSLO = claim([2], 'The user lives in Oslo.');
const BOAT = claim([3], 'The user has a boat.');
const good = answer(OSLO, BOAT);
const read = { ...OSLO, importance: 0.6 };

function textsIn(text: string): readonly string[] | string {
  const read = readAnswer(text);
  return read.type === 'facts' ? read.facts.map((fact) => fact.text) : read.problem;
}

const BOTH = [OSLO.text, BOAT.text];

describe('an answer', () => {
  test('is read as the schema asks for it', () => {
    expect(readAnswer(answer(OSLO))).toEqual({ type: 'facts', facts: [read], malformed: 0 });
    expect(textsIn(good)).toEqual(BOTH);
    expect(textsIn(answer())).toEqual([]);
  });

  test.each([
    ['with prose around it', `Sure! Here are the facts:\n${good}\nLet me know {if} you need [more].`],
    ['in a fence', `\`\`\`json\n${JSON.stringify(JSON.parse(good), null, 2)}\n\`\`\``],
    ['behind thoughts with a draft in them', `<think>Maybe {"facts": [{"te</think>${good}`],
    ['behind another object', `{"note": "as asked"} ${good}`],
    ['behind something that is no JSON', `{facts} ${good}`],
    ['as the list alone', JSON.stringify([OSLO, BOAT])],
    ['with brackets and quotes inside its texts', good.replace('boat', 'boat [\\"}{\\"]')],
  ])('is found %s', (_, text) => {
    expect(textsIn(text)).toHaveLength(2);
  });

  test('is the last one where there are several', () => {
    expect(textsIn(`${answer(OSLO)}\nNo, wait:\n${answer(BOAT)}`)).toEqual([BOAT.text]);
  });

  test('that was cut off is refused whole, wherever the cut is', () => {
    for (let length = 1; length < good.length; length++)
      expect(textsIn(good.slice(0, length))).toMatch(/cut off/);
  });

  test.each([
    ['nothing', ''],
    ['prose', 'There is nothing to learn.'],
    ['another object', '{"memories":[]}'],
    ['a list of numbers', 'Facts [1] and [2] are new.'],
    ['facts that are no list', '{"facts":"none"}'],
  ])('that is %s is refused', (_, text) => {
    expect(textsIn(text)).toMatch(/no JSON object with a list "facts"/);
  });

  test('without one usable entry is refused, and the model is told what is missing', () => {
    expect(textsIn(answer({ fact: 'The user lives in Oslo.' }, 'The user has a boat.', null))).toMatch(
      /"text" and the message numbers "from"/,
    );
  });

  test('loses its broken entries alone, and says how many', () => {
    const broken = [null, 'The user …', { ...OSLO, text: 7 }, { text: 'no source' }, { ...OSLO, from: {} }];
    expect(readAnswer(answer(...broken, BOAT))).toMatchObject({ facts: [{ text: BOAT.text }], malformed: 5 });
  });

  test('means what it means when its types are wrong', () => {
    const sloppy = {
      from: '[2], [3]',
      text: OSLO.text,
      kind: 'profile',
      subject: null,
      importance: '9',
      replaces: 1,
    };
    expect(readAnswer(answer(sloppy))).toMatchObject({
      facts: [{ from: [2, 3], kind: 'fact', subject: 'user', importance: 1, replaces: [1] }],
    });
    const missing = { from: ['2'], text: OSLO.text, importance: 'high', replaces: null };
    expect(readAnswer(answer(missing))).toMatchObject({
      facts: [{ from: [2], kind: 'fact', subject: 'user', importance: 0.6, replaces: [] }],
    });
  });

  test('of a model that never stops is read to a bound', () => {
    expect(textsIn(answer(...Array.from({ length: 60 }, () => OSLO)))).toHaveLength(40);
  });
});

describe('the schema', () => {
  test('requires everything and allows nothing else, as strict servers want it', () => {
    expect(ANSWER_FORMAT.schema).toMatchObject({
      type: 'object',
      required: ['facts'],
      additionalProperties: false,
      properties: {
        facts: {
          type: 'array',
          items: {
            type: 'object',
            required: ['from', 'text', 'kind', 'subject', 'importance', 'replaces'],
            additionalProperties: false,
            properties: { kind: { enum: ['fact', 'preference', 'event'] }, importance: { type: 'integer' } },
          },
        },
      },
    });
  });
});
