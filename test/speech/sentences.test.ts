import { describe, expect, test } from 'vitest';
import { type Sentence, SentenceSplitter, splitSentences } from '../../src/speech/sentences.ts';

function split(tokens: readonly string[]): Sentence[] {
  const splitter = new SentenceSplitter();
  return [...tokens.flatMap((token) => splitter.push(token)), ...splitter.finish()];
}

const textsOf = (sentences: readonly Sentence[]) => sentences.map((sentence) => sentence.text);
const characters = (text: string) => text.split('');
/** Cuts like the tokenisers of language models: a word with its space, `.com`, three digits, a run of marks. */
const modelTokens = (text: string) =>
  text.match(
    /[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+/gu,
  ) ?? [];

/** Reads `text` one character at a time and marks with ‸ when a piece left. */
function departures(text: string): string {
  const splitter = new SentenceSplitter();
  return characters(text)
    .map((unit) => unit + '‸'.repeat(splitter.push(unit).length))
    .join('');
}

describe('the pieces of a reply are the same as one token, as model tokens and as single characters', () => {
  const table: readonly (readonly [behaviour: string, pieces: readonly string[]])[] = [
    ['each sentence is a piece', ['Hello there!', ' How are you?', ' I am fine.']],
    ['white space leads the next piece', ['One is enough.', '  Two are better.', ' ']],
    // Abbreviations, names and initials
    ['a title is not an end', ['Dr. Smith met Prof. Jones at St. Mary.', ' They left.']],
    ['"vs." and "e.g." are not ends', ['Cats vs. dogs, e.g. Rex.', ' I.e. my dog.']],
    ['"etc." before a lower-case word is not an end', ['Apples, pears etc. are fruit.']],
    ['"etc." before a capital is an end', ['We sell pears etc.', ' Come in.']],
    ['"etc. (and" goes on', ['Pears etc. (and plums) are here.', ' Come in.']],
    ['an acronym with dots is not an end', ['The U.S. Army came.', ' It left the U.K. again.']],
    ['initials are not ends', ['J. R. R. Tolkien wrote it.', ' I read it.']],
    ['kitchen measures are not ends', ['Add 2 tbsp. sugar.', ' Add 5 oz. too.']],
    ['the pronoun I is no initial', ['So do I.', ' Thanks!']],
    ['"p.m." ends before a capital only', ['Come at 5 p.m. on Sunday.', ' Or at 6 p.m.', ' Bring wine.']],
    ['"Inc." ends before a capital only', ['Apple Inc. is big.', ' I work at Acme Inc.', ' They pay.']],
    ['"No." is an answer', ['No.', ' I do not think so.']],
    ['"No. 5" is a number', ['No. 5 is in Fig. 2 and Vol. 3.', ' Read it.']],
    ['German abbreviations', ['Das ist z. B. gut bzw. besser (d. h. am besten).', ' Ja, usw.', ' Gut.']],
    ['German ordinals', ['Am 3. Oktober feiern wir den 2. Sieg.', ' Komm mit!']],
    ['French titles', ['M. Dupont et Mme. Curie arrivent.', ' Bonjour !']],
    ['Spanish titles', ['El Sr. García y la Dra. López vienen.', ' Bien.']],
    ['Russian abbreviations', ['Это было в 1990 г. и т.д.', ' Потом всё стало хорошо.']],
    // Numbers
    ['decimals and thousands stay whole', ['Pi is 3.14, a grand is 1,000.', ' Right.']],
    ['a year ends a sentence', ['I was born in 1990.', ' It was cold.']],
    ['a time with a colon stays whole', ['It starts at 10:30 and ends late.', ' Come.']],
    ['a version stays whole', ['We ship version 2.0.1 now.', ' Enjoy!']],
    ['prices stay whole', ['It costs $3.50.', ' Deal?']],
    // Names and addresses
    ['a name with a dot stays whole', ['Node.js runs it.', ' I like Next.js.', ' Booking.com too.']],
    ['an address stays whole', ['See https://example.com/a.b?c=1&d=x!y#z for more.', ' Bye.']],
    ['an address ends a sentence', ['Go to www.example.com/a.b?c=1.', ' Bye.']],
    ['a bare domain after "visit" stays whole', ['Please visit example.com today.', ' Bye.']],
    ['a file after "open" stays whole', ['Now open config.yaml.', ' Save it.']],
    ['a link stays whole', ['Read [Is it so?](https://a.b/c?d) now.', ' Bye.']],
    ['inline code stays whole', ['Use `a.b! c? d. E` now.', ' Bye.']],
    // Quotations, brackets, emphasis
    ['a quotation goes on with its speaker', ['"Stop!" she said.', ' "Go on." he said.']],
    ['a quotation is an end before a capital', ['"Go!"', ' Then he ran.']],
    ['a comma after the quotation goes on', ['"Stop!", she said.', ' He did.']],
    ['a question in a sentence goes on', ['She asked "Why?" and left.', ' He stayed.']],
    ['a quotation of several sentences', ['He said: "I came.', ' I saw.', ' I won."', ' Then he left.']],
    ['curly quotation marks', ['“Stop!” she said.', ' “Go!”', ' He went.']],
    ['single quotation marks around an apostrophe', ["He said 'I don't know!' and left.", ' Gone.']],
    ['German quotation marks', ['„Halt!“ sagte er.', ' »Warum?« fragte sie.', ' „Darum.“', ' Ende.']],
    ['French quotation marks', ['« Arrête ! » dit-il.', ' «Non !» cria-t-elle.', ' Ça va ?', ' Oui.']],
    ['brackets', ['It works (really!) and it is fast.', ' (Do you see?)', ' Good.']],
    ['bold and italics', ['**Stop!**', ' Do *not* go.', ' The answer is **42.**', ' Yes.']],
    ['a dot behind a quotation', ['It is called "foo".', ' Next.']],
    // Ellipsis
    ['dots before a lower-case word go on', ['Hmm… okay, I see… maybe.', ' Yes.']],
    ['dots before a capital end', ['And then…', ' Nothing.']],
    // Lists, headings, lines
    ['list numbers stay with their items', ['1. Do this', '\n2. Do that', '\n10. Done']],
    ['list numbers in one line stay with their items', ['1. Do this.', ' 2. Do that.', ' b. Or this.']],
    ['Roman numerals and brackets count, too', ['ii. Do this', '\niv. Do that', '\n3) Do more']],
    ['a list number alone in its line is no piece', ['Steps:', '\n1.\nDo this', '\n2)\nDo that']],
    ['an answer that is a number is a piece', ['The answer:', '\n42', '\nGood?']],
    ['lines are pieces', ['# Title', '\n\n- one', '\n- two', '\r\n* three', '\n\nEnd.', '\n']],
    ['marks without words are no piece', ['Above', '\n---\n\n***\nBelow']],
    ['emoji lead the next piece', ['Great!', ' 🎉👍🏽 Go on.', ' 👋']],
    // Other languages
    ['Chinese', ['你好！', '很高兴认识你。', '你呢？', '我说：“停！”', '然后走了。']],
    ['Japanese', ['「止まれ！」と言った。', '「はい。」', '彼は言った。', '行こう。']],
    ['Korean', ['안녕하세요.', ' 반갑습니다!', ' 잘 지내요?']],
    ['Spanish opening marks begin a piece', ['¡Hola!', ' ¿Qué tal?', ' ¡Vamos!', ' ¿Y tú?']],
    ['Hindi', ['नमस्ते।', ' आप कैसे हैं?', ' मैं ठीक हूँ।']],
    ['Arabic and Urdu', ['كيف حالك؟', ' أنا بخير.', ' میں ٹھیک ہوں۔', ' شکریہ!']],
    ['Greek, Armenian and Georgian', ['Καλημέρα σας.', ' Բարեւ ձեզ։', ' გამარჯობა.', ' Γεια!']],
  ];

  test.each(table)('%s', (_behaviour, pieces) => {
    const text = pieces.join('');
    expect(textsOf(split([text]))).toEqual(pieces);
    expect(textsOf(split(modelTokens(text)))).toEqual(pieces);
    expect(textsOf(split(characters(text)))).toEqual(pieces);
  });
});

describe('a piece leaves with its terminator when that is unambiguous', () => {
  test.each([
    'Hello there!‸ How are you?‸ ',
    'It is on the table.‸ It is so-called.‸ ',
    'Sure.‸ It is.‸ ',
    'Ça va ?‸ Oui !‸ ',
    'It is called "foo".‸ (As above).‸ ',
    '你好！‸你好吗？‸我很好。‸',
    '안녕하세요.‸ كيف حالك؟‸ नमस्ते।‸ ',
    '- one\n‸- two\n‸',
  ])('%j', (expected) => {
    expect(departures(expected.replaceAll('‸', ''))).toBe(expected);
  });
});

describe('an ambiguous terminator waits for the character that tells, and no longer', () => {
  test.each([
    ['a capitalised word may be Node.js', 'I live in Berlin. ‸'],
    ['a digit may be a decimal', 'It costs 3. T‸'],
    ['an open quotation may close', '"Stop! ‸'],
    ['a closed quotation may go on', '"Stop!" T‸'],
    ['a bold word may close', '**Stop!** T‸'],
    ['an acronym may be part of a name', 'Ask the U.S. Army now.‸'],
    ['"etc." may be followed by a lower-case word', 'We sell pears etc. C‸'],
    ['"No." may be followed by a number', 'No. I‸'],
    ['dots may go on', 'Well... I‸'],
    ['an address may have a query', 'Is it a.com/b? ‸'],
    ['French guillemets close behind a space', '« Ah ! » P‸'],
  ])('%s', (_behaviour, expected) => {
    expect(departures(expected.replaceAll('‸', ''))).toBe(expected);
  });

  test('what the rest of the token tells costs nothing', () => {
    expect(textsOf(split(['Edit index', '.js', ' now', '.', ' Then']))).toEqual([
      'Edit index.js now.',
      ' Then',
    ]);
    expect(textsOf(split(['Really', '?!', ' Yes']))).toEqual(['Really?!', ' Yes']);
    expect(textsOf(split(['Wow', '!!!', ' Yes']))).toEqual(['Wow!!!', ' Yes']);
  });

  test('a mark that comes after its sentence has left leads the next piece and is never one by itself', () => {
    expect(textsOf(split(['Really', '?', '!', ' Yes', '.', '"', '\n', '"', 'No', '!']))).toEqual([
      'Really?',
      '! Yes.',
      '"\n"No!',
    ]);
  });
});

describe('the opening of a reply', () => {
  test.each([
    ['leaves at a comma', 'I would say so,‸ because it is late.‸'],
    ['leaves at a semicolon', 'That is quite true;‸ it is late.‸'],
    ['leaves at a colon, which may be that of an address', 'I found these three things: ‸one and two.‸'],
    ['leaves at a dash', 'I would say so —‸ and you?‸'],
    ['leaves at a hyphen between spaces', 'I would say so - ‸and you?‸'],
    ['leaves at a Chinese comma', '我很高兴认识你们，‸我叫小明，你呢？‸'],
    ['is not a single word, which silence would follow', 'Well, I think so.‸'],
    ['is not cut inside a number', 'It costs about 1,000 euros.‸'],
    ['may be a short sentence and a clause', 'Sure!‸ I can do that for you,‸ if you like, of course.‸'],
    ['is over after four words', 'I can do it.‸ If you like it so, I begin, too.‸'],
  ])('%s', (_behaviour, expected) => {
    expect(departures(expected.replaceAll('‸', ''))).toBe(expected);
  });

  test('without punctuation leaves after twelve words, but not behind a short one', () => {
    const pieces = split(
      characters('I would like to tell you a story about a man who lived in the woods near here.'),
    );
    expect(textsOf(pieces)).toEqual([
      'I would like to tell you a story about a man who lived',
      ' in the woods near here.',
    ]);
    expect(pieces.map((piece) => piece.ending)).toEqual(['clause', 'sentence']);
  });

  test('of short words only leaves after sixteen', () => {
    const text = 'so '.repeat(20);
    expect(split([text]).map((piece) => piece.text.trim().split(' ').length)).toEqual([16, 4]);
  });
});

describe('a sentence that does not end', () => {
  const afterOpening = 'This is the opening.';

  test('is cut at its last clause', () => {
    const clause = ' word'.repeat(20);
    const text = `${afterOpening}${clause},${clause};${' word'.repeat(30)}`;
    expect(textsOf(split(modelTokens(text)))).toEqual([
      afterOpening,
      `${clause},${clause};`,
      ' word'.repeat(30),
    ]);
  });

  test('is cut between words when it has no clause', () => {
    const counts = split(modelTokens(afterOpening + ' word'.repeat(150))).map(
      (piece) => piece.text.trim().split(' ').length,
    );
    expect(counts).toEqual([4, 60, 60, 30]);
  });

  test('is cut between characters in a script without spaces', () => {
    expect(
      split(characters(`这是一个开头的句子。${'字'.repeat(130)}`)).map((piece) => piece.text.length),
    ).toEqual([10, 120, 10]);
  });

  test('cannot make memory grow without white space, and leaves emoji whole', () => {
    const pieces = split(modelTokens(`x${'🎉'.repeat(2500)}`));
    expect(pieces.map((piece) => piece.text.length)).toEqual([2001, 2000, 1000]);
    expect(pieces.every((piece) => piece.text.isWellFormed())).toBe(true);
  });
});

test('a piece knows where it stands and how it ended', () => {
  expect(split(['Yes! 🎉 I ', 'think that is good,', ' and\nyou'])).toEqual([
    { text: 'Yes!', start: 0, end: 4, ending: 'sentence' },
    { text: ' 🎉 I think that is good,', start: 4, end: 29, ending: 'clause' },
    { text: ' and', start: 29, end: 33, ending: 'sentence' },
    { text: '\nyou', start: 33, end: 37, ending: 'end' },
  ]);
});

test('a reply without a character has no pieces', () => {
  expect(split([])).toEqual([]);
  expect(split(['', ''])).toEqual([]);
});

test('a stream of tokens becomes a stream of sentences, each before the next token is asked for', async () => {
  const log: string[] = [];
  async function* tokens() {
    for (const token of ['Hello', ' there', '!', ' How', ' are', ' you', '?', ' ']) {
      log.push(token);
      yield token;
    }
  }
  for await (const sentence of splitSentences(tokens())) log.push(`[${sentence.text}]`);
  expect(log.join('|')).toBe('Hello| there|!|[Hello there!]| How| are| you|?|[ How are you?]| |[ ]');
});
