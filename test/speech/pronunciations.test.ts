import { describe, expect, it } from 'vitest';
import { Pronunciations } from '../../src/speech/pronunciations.ts';
import { SentenceSplitter } from '../../src/speech/sentences.ts';
import { SpokenText } from '../../src/speech/spoken-text.ts';

function spoken(text: string) {
  const splitter = new SentenceSplitter();
  const [sentence] = [...splitter.push(text), ...splitter.finish()];
  if (!sentence) throw new Error('there is no sentence');
  return new SpokenText().filter(sentence);
}

const words = new Pronunciations({
  SQL: 'sequel',
  'C++': 'see plus plus',
  Siobhan: 'shivawn',
  'SQL Server': 'my server',
});

describe('pronunciations', () => {
  it.each([
    ['I write sql at night.', 'I write sequel at night.'],
    ['MySQL is another word.', 'MySQL is another word.'],
    ['SQL Server and SQL.', 'my server and sequel.'],
    ['C++, said Siobhan.', 'see plus plus, said shivawn.'],
  ])('say %j as %j', (written, said) => {
    expect(words.apply(spoken(written)).text).toBe(said);
  });

  it('leave alone what has no such word', () => {
    const piece = spoken('Nothing here.');
    expect(words.apply(piece)).toBe(piece);
    expect(new Pronunciations().apply(piece)).toBe(piece);
  });

  it('count a word as heard when what stands for it was', () => {
    const text = 'Ask **Siobhan** now.';
    const { text: said, toGenerated } = words.apply(spoken(text));
    expect(said).toBe('Ask shivawn now.');
    const behindName = toGenerated(said.indexOf(' now'));
    expect(text.slice(0, behindName)).toMatch(/Siobhan(\*\*)?$/);
    expect(toGenerated(said.indexOf('shivawn') + 3)).toBe(text.indexOf('Siobhan'));
    expect(toGenerated(said.length)).toBe(text.length);
  });
});
