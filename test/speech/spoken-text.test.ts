import { describe, expect, test } from 'vitest';
import { type Sentence, SentenceSplitter } from '../../src/speech/sentences.ts';
import { SpokenText } from '../../src/speech/spoken-text.ts';

function piecesOf(reply: string, tokens: readonly string[]): Sentence[] {
  const splitter = new SentenceSplitter();
  const pieces = [...tokens.flatMap((token) => splitter.push(token)), ...splitter.finish()];
  expect(pieces.map((piece) => piece.text).join('')).toBe(reply);
  return pieces;
}

function spokenOf(reply: string, tokens: readonly string[]): string[] {
  const spokenText = new SpokenText();
  return piecesOf(reply, tokens)
    .map((piece) => spokenText.filter(piece).text)
    .filter((text) => text !== '');
}

const whole = (text: string, start = 0): Sentence => ({
  text,
  start,
  end: start + text.length,
  ending: 'end',
});
const spokenWhole = (text: string) => new SpokenText().filter(whole(text)).text;

describe('a reply is spoken without what is for the eye', () => {
  const table: readonly (readonly [behaviour: string, reply: string, spoken: readonly string[]])[] = [
    ['plain words stay as they are', 'Hello there! How are you?', ['Hello there!', 'How are you?']],
    [
      'numbers and currencies are left to the engine',
      'It costs $3.50 or 1,000 ¥.',
      ['It costs $3.50 or 1,000 ¥.'],
    ],
    [
      'bold, italics and strikethrough lose their marks',
      '**Stop!** Do *it* or __this__, ~~never~~ _that_. **5** apples.',
      ['Stop!', 'Do it or this,', 'never that.', '5 apples.'],
    ],
    ['a product is not emphasis', 'So 2*3 and 2 * 3 are six.', ['So 2*3 and 2 * 3 are six.']],
    ['headings lose their marks', '# Title\n\n### Part #1\nText.', ['Title', 'Part #1', 'Text.']],
    [
      'bullets, boxes and quotes lose their marks, list numbers stay',
      '- one\n* two\n+ three\n• four\n- [x] five\n> six\n> - seven\n1. eight',
      ['one', 'two', 'three', 'four', 'five', 'six', 'seven', '1. eight'],
    ],
    ['rules are not spoken', 'Above\n\n---\n\n* * *\n\nBelow\n=====\n', ['Above', 'Below']],
    [
      'the cells of a table are parted by pauses',
      '| Name | Age |\n|---|:-:|\n| Bob | 5 |\n| Eve. | |\n',
      ['Name, Age', 'Bob, 5', 'Eve.'],
    ],
    ['inline code loses its ticks', 'Run `npm test` and ``a`` now.', ['Run npm test and a now.']],
    ['snake case is words', 'Set max_word_count now.', ['Set max word count now.']],
    ['escapes lose their backslash', 'It is 5\\. That\\! Is it\\?', ['It is 5.', 'That!', 'Is it?']],
    [
      'a link is its text',
      'See [the **docs**](https://a.b/c_(d)?e=1 "Title") and [these][1]. [Sure?](x.html) Yes.',
      ['See the docs and these.', 'Sure? Yes.'],
    ],
    ['an image is its description', 'Look: ![a red car](http://a.b/c.png)', ['Look: a red car']],
    [
      'references are not spoken',
      'It is so.[1] It is.[^2] We know [3, 4] that.',
      ['It is so.', 'It is.', 'We know that.'],
    ],
    [
      'an address is its host',
      'See https://www.example.com/a.b?c=1. Or docs.python.org/3/, or <http://localhost:4000/x>.',
      ['See example dot com.', 'Or docs dot python dot org, or localhost.'],
    ],
    [
      'an e-mail address is said, not spelled',
      'Write to jo.van_x@mail.example.co.uk. Or mailto:a@b.de!',
      ['Write to jo dot van x at mail dot example dot co dot uk.', 'Or a at b dot de!'],
    ],
    [
      'an address does not swallow Chinese',
      '请看https://example.com/a。谢谢！',
      ['请看example dot com。', '谢谢！'],
    ],
    [
      'names of files and libraries are no hosts',
      'Use Node.js in main.py now.',
      ['Use Node.js in main.py now.'],
    ],
    [
      'tags are not spoken, comparisons are',
      '<b>Hi</b>, there<br/>you. Is a < b and c > d?<!-- no -->\n<ul class="x"><li>One</li><li>two</li></ul>',
      ['Hi, there you.', 'Is a < b and c > d?', 'One two'],
    ],
    [
      'emoji are not spoken, with all that belongs to them',
      'Great 👍🏽 work 👨‍👩‍👧‍👦 here 🇩🇪 on step 1️⃣. ❤️\n🎉',
      ['Great work here on step 1.'],
    ],
    [
      'signs that are words stay',
      'It is © 2020 by Acme™ at 20 °C & 5 %.',
      ['It is © 2020 by Acme™ at 20 °C & 5 %.'],
    ],
    [
      'control characters are not spoken',
      'He\u0007llo\u200b the\u00adre \u202eyou\u202c.',
      ['Hello there you.'],
    ],
    ['joiners that spell stay', 'می‌خواهم. क्‍ष।', ['می‌خواهم.', 'क्‍ष।']],
    [
      'blocks of code are left out, whatever is in them',
      'Do this:\n```js title="x"\nconst a = "b. c"; // Oh! 🎉\n\n# foo()\n```\nDone. And:\n~~~\n```\nx\n~~~\nBye.',
      ['Do this:', 'Done.', 'And:', 'Bye.'],
    ],
    ['a block that never closes is left out to the end', 'Look:\n  ```\nx = 1\ny.', ['Look:']],
    ['marks alone are nothing to say', '... 🎉 -- !\n***\n"', []],
    ['white space is one space', 'One\t two   three\u00a0four.', ['One two three four.']],
  ];

  test.each(table)('%s', (_behaviour, reply, spoken) => {
    expect(spokenOf(reply, [reply])).toEqual(spoken);
  });
});

test('what came too late for the piece before is not spoken', () => {
  const tokens = ['Really', '?', '!"', ' He', ' said', '.', ')', ' -', ' Yes', '.'];
  expect(spokenOf(tokens.join(''), tokens)).toEqual(['Really?', 'He said.', 'Yes.']);
});

test('a block of code is left out when it arrives one character at a time', () => {
  const reply = 'Do this now:\n```ts\nfoo("a. b!");\nbar? baz\n```\nDone it.';
  expect(spokenOf(reply, reply.split(''))).toEqual(['Do this now:', 'Done it.']);
});

test('a piece that begins in the middle of a line has no bullet', () => {
  const spokenText = new SpokenText();
  spokenText.filter(whole('It is'));
  expect(spokenText.filter(whole(' # 1 | - 2', 5)).text).toBe('# 1, - 2');
});

describe('an offset in the spoken text leads to the generated text', () => {
  test.each([
    ['plain words', 'Hello there.', 'Hello', 'Hello'],
    ['marks that close behind a word belong to it', '**Hello** there.', 'Hello', '**Hello**'],
    ['a heading', '\n## Two words', 'Two', '\n## Two'],
    [
      'a link is heard to the end with its last word',
      '[My docs](https://a.b) here.',
      'My docs',
      '[My docs](https://a.b)',
    ],
    ['emoji', '🎉 Hi 👍🏽 you', 'Hi', '🎉 Hi'],
    ['the host of an address', 'See https://www.example.com/a now', 'See example', 'See https://www.example'],
    [
      'an address to its end',
      'See https://www.example.com/a now',
      'See example dot com',
      'See https://www.example.com/a',
    ],
    ['the whole piece takes its closing marks along', 'It is **so.** 🎉', 'It is so.', 'It is **so.** 🎉'],
  ])('%s', (_behaviour, generated, heard, heardGenerated) => {
    const before = 1000;
    const { text, toGenerated } = new SpokenText().filter(whole(generated, before));
    expect(text.startsWith(heard)).toBe(true);
    expect(generated.slice(0, toGenerated(heard.length) - before)).toBe(heardGenerated);
  });

  test('of a piece with nothing to say is its end', () => {
    const { text, toGenerated } = new SpokenText().filter(whole('🎉 ', 7));
    expect([text, toGenerated(0)]).toEqual(['', 10]);
  });
});

test('a long line of marks does not stall the filter', () => {
  for (const marks of ['](', '- ', '|-', ' ', '*', '<a ', 'a.', 'a@a.', '`', '>', '[1,', '"\'', '\\']) {
    expect(spokenWhole(`word ${marks.repeat(5_000)}`)).toMatch(/^word/);
  }
});
