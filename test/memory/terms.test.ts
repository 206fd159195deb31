import { describe, expect, test } from 'vitest';
import { termsOf } from '../../src/memory/terms.ts';

/** What a question and its answer have in common. */
function shared(one: string, other: string): string[] {
  const there = new Set(termsOf(other));
  return termsOf(one).filter((term) => there.has(term));
}

describe('the terms of a text', () => {
  test('are its words in order, without those that tell nothing', () => {
    expect(termsOf('Um, what is the NAME of my dog, please?')).toEqual(['name', 'dog']);
    expect(termsOf('And what about this one, then?')).toEqual([]);
    expect(termsOf('')).toEqual([]);
    expect(termsOf('?! 🙂 — …')).toEqual([]);
  });

  test('keep repetitions, for who counts them', () => {
    expect(termsOf('tea, tea and more tea')).toEqual(['tea', 'tea', 'tea']);
  });

  test.each([
    ['moved', 'moving'],
    ['allergies', 'allergy'],
    ['painted', 'paintings'],
    ['adoption', 'adopting'],
    ['collections', 'collect'],
    ['bought', 'buying'],
    ['went', 'goes'],
    ['children', 'child'],
    ['kids', 'children'],
    ['mum', 'mother'],
    ['photos', 'picture'],
    ['three', '3'],
    ['8th', '8'],
    ['10,000', '10000'],
    ['Zoë', 'zoe'],
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδός'],
    ['Ёлка', 'елка'],
    ['Bruno’s', 'bruno'],
    ["O'Brien", 'OBrien'],
    ['ﬁsh', 'fish'],
    ['Ｔｏｋｙｏ', 'Tokyo'],
    ['الشَّمْس', 'الشمس'],
  ])('are the same for %s and %s', (one, other) => {
    expect(termsOf(one)).toEqual(termsOf(other));
  });

  test.each([
    ['sister', 'brother'],
    ['nation', 'national park'],
    ['new', 'knew'],
    ['R2D2', 'R2'],
    ['может', 'можно'],
    ['2023', '2024'],
  ])('tell %s from %s', (one, other) => {
    expect(termsOf(one)).not.toEqual(termsOf(other));
  });

  test.each([
    ["I don't eat meat", 'not eat meat'],
    ['I do not eat meat', 'not eat meat'],
    ['I dont eat meat', 'not eat meat'],
    ["I can't swim", 'not swim'],
    ['I cannot swim', 'not swim'],
    ["We won't go", 'not go'],
    ['never without my dog', 'never without dog'],
    ['no tea, nor milk', 'no tea nor milk'],
  ])('keep the negation in %j', (text, terms) => {
    expect(termsOf(text).join(' ')).toBe(terms);
  });

  test.each([
    ['猫', '黒い猫がいます'],
    ['東京', '私は東京に住んでいます'],
    ['北京', '他住在北京'],
    ['서울', '저는 서울에 살아요'],
    ['กรุงเทพ', 'ฉันอยู่ที่กรุงเทพ'],
    ['कुत्ता', 'मेरा कुत्ता काला है'],
    ['Москва', 'Москва большая'],
  ])('find %s in its own script', (query, text) => {
    expect(shared(query, text).length).toBeGreaterThan(0);
  });

  test('do not cut a text with vowel signs into pieces', () => {
    expect(termsOf('हिन्दी')).toEqual(['हिन्दी']);
  });

  test.each(['\0', '\ud83d', 'a\0b', '\u0301', `${'x'.repeat(100_000)}`])('survive anything: %j', (text) => {
    for (const term of termsOf(text)) {
      expect(term.length).toBeLessThanOrEqual(64);
      expect(term.isWellFormed()).toBe(true);
    }
  });

  test('of a book are those of its beginning', () => {
    const terms = termsOf(`Bruno ${'xyzzy '.repeat(200_000)}`);
    expect(terms[0]).toBe('bruno');
    expect(terms.length).toBeLessThan(3_000);
  });
});
