import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Sentence, SentenceSplitter } from '../../src/speech/sentences.ts';
import { SpokenText } from '../../src/speech/spoken-text.ts';

function split(tokens: readonly string[]): Sentence[] {
  const splitter = new SentenceSplitter();
  return [...tokens.flatMap((token) => splitter.push(token)), ...splitter.finish()];
}

/** Cuts `text` at UTF-16 offsets, also through the middle of an emoji. */
function cutAt(text: string, offsets: readonly number[]): string[] {
  const sorted = offsets.map((offset) => offset % (text.length + 1)).toSorted((a, b) => a - b);
  return [...sorted, text.length].map((end, i) => text.slice(sorted[i - 1] ?? 0, end));
}

const offsets = fc.array(fc.nat(5_000), { maxLength: 60 });

/** What replies are made of, with every trap in a row. */
const fragment = fc.constantFrom(
  ...[
    'word ',
    'Word',
    'wo',
    'e.g. ',
    'Dr. ',
    'U.S.',
    'No. ',
    'etc.',
    '3.14',
    '1,000',
    '\n2. ',
    'J. ',
    'Node.js ',
  ],
  ...[
    '.',
    '!',
    '?',
    '…',
    '...',
    '?!',
    '"',
    '“',
    '”',
    "'",
    '’',
    '«',
    '»',
    '„',
    '(',
    ')',
    '[',
    '](http://a.b/c.d?e)',
  ],
  ...[
    '**',
    '_',
    '`',
    '```',
    '\n```js\n',
    '\n',
    '\r\n',
    '\n- ',
    '\n# ',
    ' ',
    '\u00a0',
    ' - ',
    ' — ',
    '—',
    ',',
    ';',
    ':',
  ],
  ...[
    'https://a.example.com/b?c=1',
    'a@b.de',
    'example.com',
    '🎉',
    '👨‍👩‍👧',
    '1️⃣',
    '🇩🇪',
    '\ud83c',
    '\udf89',
    '\u200d',
    '\0',
  ],
  ...[
    '你好',
    '。',
    '！',
    '，',
    '「',
    '」',
    'はい',
    '¿Qué',
    '¡',
    '؟',
    'आप',
    '।',
    'สวัสดี',
    '안녕',
    '𠮷',
    '<b>',
    '</b>',
    '|',
    '\\',
  ],
);
const reply = fc.oneof(
  fc.array(fragment, { maxLength: 120 }).map((fragments) => fragments.join('')),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc
    .array(fc.constantFrom('word', '字', ' ', '🎉', ','), { minLength: 1_000, maxLength: 3_000 })
    .map((w) => w.join('')),
);

test('joined, the pieces are exactly the reply, for every reply and every cut into tokens', () => {
  fc.assert(
    fc.property(reply, offsets, (text, cuts) => {
      const pieces = split(cutAt(text, cuts));
      expect(pieces.map((piece) => piece.text).join('')).toBe(text);
      let at = 0;
      for (const piece of pieces) {
        expect(piece.start).toBe(at);
        at = piece.end;
        expect(text.slice(piece.start, piece.end)).toBe(piece.text);
      }
    }),
    { numRuns: 400 },
  );
});

test('every piece has something in it and ends in it; only what is left at the end may be white space', () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 120 }), offsets, (fragments, cuts) => {
      const pieces = split(cutAt(fragments.join(''), cuts));
      for (const [i, piece] of pieces.entries()) {
        expect(piece.text).not.toBe('');
        if (i === pieces.length - 1 && piece.ending === 'end') continue;
        expect(piece.ending).not.toBe('end');
        expect(piece.text).toMatch(/[\p{L}\p{N}]/u);
        expect(piece.text).toMatch(/\S$/);
      }
    }),
    { numRuns: 400 },
  );
});

test('no piece is longer than what the bounds allow', () => {
  fc.assert(
    fc.property(reply, fc.nat(100), (text, repeats) => {
      for (const piece of split([text.repeat(repeats % 10)])) {
        expect(piece.text.trim().length).toBeLessThanOrEqual(2_001);
      }
    }),
    { numRuns: 100 },
  );
});

test('ordinary sentences are the pieces, however they are cut into tokens', () => {
  const word = fc.constantFrom(
    'we',
    'like',
    'green',
    'tea',
    'Dr. Smith',
    'e.g. jam',
    '3.14',
    '1,000',
    'the U.S. Army',
    'so-so',
    "don't",
  );
  const sentence = fc
    .tuple(
      fc.constantFrom('We', 'Today', 'Perhaps', 'Élan', 'Мы'),
      fc.array(word, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(
        'there.',
        'now!',
        'really?',
        'in Berlin.',
        'in 1990.',
        '"here," you said.',
        'well (he said so).',
      ),
    )
    .map(([first, words, last]) => [first, ...words, last].join(' '));
  // Four words have left with the first one: from here on, only whole sentences leave.
  const opening = 'This is the opening.';
  fc.assert(
    fc.property(fc.array(sentence, { minLength: 1, maxLength: 8 }), offsets, (sentences, cuts) => {
      const expected = [opening, ...sentences.map((text) => ` ${text}`)];
      expect(split(cutAt(expected.join(''), cuts)).map((piece) => piece.text)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test('spoken text is speakable, and its offsets rise through the piece', () => {
  fc.assert(
    fc.property(reply, offsets, (text, cuts) => {
      const spokenText = new SpokenText();
      for (const piece of split(cutAt(text, cuts))) {
        const spoken = spokenText.filter(piece);
        expect(spoken.text).not.toMatch(
          /[`\p{Cc}\p{Co}\p{Cs}\u{1F000}-\u{1F0FF}\u{1F300}-\u{1FAFF}]|(?<!\p{L})https?:\/\/\w|^\s|\s$/u,
        );
        if (spoken.text !== '') expect(spoken.text).toMatch(/[\p{L}\p{N}]/u);
        let before = piece.start;
        for (let i = 0; i < spoken.text.length; i++) {
          const at = spoken.toGenerated(i);
          expect(at).toBeGreaterThanOrEqual(before);
          expect(at).toBeLessThan(piece.end);
          before = at;
        }
        expect(spoken.toGenerated(spoken.text.length)).toBe(piece.end);
      }
    }),
    { numRuns: 150 },
  );
});

test('what is spoken of ordinary words is those words', () => {
  const words = fc.array(fc.stringMatching(/^[a-zé]{1,12}$/), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(words, (list) => {
      const text = list.join(' ');
      const { text: spoken, toGenerated } = new SpokenText().filter({
        text,
        start: 5,
        end: 5 + text.length,
        ending: 'end',
      });
      expect(spoken).toBe(text);
      for (let i = 0; i <= text.length; i++) expect(toGenerated(i)).toBe(5 + i);
    }),
  );
});
