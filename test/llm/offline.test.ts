import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAbort } from '../../src/errors.ts';
import type { ChatMessage, ChatPart } from '../../src/llm/chat-model.ts';
import { OfflineChatModel } from '../../src/llm/offline.ts';
import { collect } from '../support/collect.ts';
import { ManualClock } from '../support/manual-clock.ts';

const never = new AbortController().signal;
// 14:20 UTC on a Saturday: 15:20 in Berlin.
const model = new OfflineChatModel({
  clock: new ManualClock(Date.UTC(2026, 10, 21, 14, 20)),
  timezone: 'Europe/Berlin',
  ollamaUrl: 'http://127.0.0.1:11434',
});
const persona: ChatMessage = { role: 'system', text: 'You are Vivavoce, a warm companion.' };

/** Says the lines one after the other and returns the last answer. */
async function lastReply(...lines: string[]): Promise<string> {
  return (await conversation(lines)).at(-1) ?? '';
}

async function conversation(
  lines: readonly string[],
  begin: readonly ChatMessage[] = [persona],
): Promise<string[]> {
  const messages = [...begin];
  const replies: string[] = [];
  for (const text of lines) {
    messages.push({ role: 'user', text });
    const reply = (await collect(model.stream({ messages }, never))).text;
    messages.push({ role: 'assistant', text: reply });
    replies.push(reply);
  }
  return replies;
}

describe('what it is', () => {
  test('is said in full at first, and not again', async () => {
    const [first, second] = await conversation(['Hello', 'I like tea.']);
    expect(first).toMatch(/^Good afternoon\..*No language model is connected\..*http:\/\/127\.0\.0\.1:11434/);
    expect(second).not.toContain('language model');
  });

  test('is said in full again to the one who asks', async () => {
    for (const asked of ['Who are you?', 'are you an AI', 'How do I connect a language model?']) {
      expect(await lastReply('Hello', asked)).toMatch(
        /^I am Vivavoce.*rules.*No language model is connected.*11434/,
      );
    }
  });

  test('does not promise to use Ollama where nobody looks for it', async () => {
    const alone = new OfflineChatModel({ clock: new ManualClock(), timezone: 'UTC', ollamaUrl: null });
    const { text } = await collect(alone.stream({ messages: [{ role: 'user', text: 'Hello' }] }, never));
    expect(text).toMatch(/No language model is connected\..*LLM=auto/);
  });

  test('is not mixed into words that are to be repeated', async () => {
    expect(await lastReply('Repeat after me: one two three')).toBe('one two three');
  });

  test('is said briefly where a question goes beyond it', async () => {
    for (const asked of [
      'What is the capital of France?',
      'Write a poem about rain',
      'how do volcanoes work',
    ]) {
      const answer = await lastReply('Hello', asked);
      expect(answer).toContain('language model');
      expect(answer).not.toContain('11434');
    }
  });

  test('is admitted in English to those who write in another script', async () => {
    expect(await lastReply('Hello', 'Привет, как дела?')).toMatch(/^I understand English only/);
  });
});

describe('the time', () => {
  test.each([
    ['What time is it?', 'It is 3:20 PM.'],
    ["what's the time", 'It is 3:20 PM.'],
    ['What time is it in Tokyo?', 'In Tokyo it is 11:20 PM.'],
    ['what time is it in new york right now', 'In New York it is 9:20 AM.'],
    ['What time is it in Mordor?', 'I do not know the clocks of Mordor. Here it is 3:20 PM.'],
    ['What day is it today?', 'Today is Saturday, November 21, 2026.'],
    ["what's the date", 'Today is Saturday, November 21, 2026.'],
    ['What day is tomorrow?', 'Tomorrow is Sunday, November 22, 2026.'],
    ['What year is it?', 'It is the year 2026.'],
  ])('%s', async (asked, answer) => {
    expect(await lastReply('Hello', asked)).toBe(answer);
  });

  test('is not told to the one who asks for their own date', async () => {
    expect(await lastReply('Hello', 'My birthday is on March 3.', 'What date is my birthday?')).toBe(
      'Your birthday is on March 3.',
    );
  });
});

describe('sums', () => {
  test.each([
    ['what is 17 times 23?', '17 times 23 is 391.'],
    ['two plus two', 'Two plus two is 4.'],
    ['What is twenty-one divided by 3?', 'Twenty-one divided by 3 is 7.'],
    ['2 + 3 * 4', '2 + 3 * 4 is 14.'],
    ['(2 + 3) * 4 =', '(2 + 3) * 4 is 20.'],
    ['how much is 15% of 80', '15% of 80 is 12.'],
    ['calculate the square root of 144', 'The square root of 144 is 12.'],
    ['what is 0.1 + 0.2', '0.1 + 0.2 is 0.3.'],
    ['one hundred and five minus two thousand', 'One hundred and five minus two thousand is -1895.'],
    ['2 ^ 3 ^ 2', '2 ^ 3 ^ 2 is 512.'],
    ['what is 5 / 0', '5 / 0 has no answer that I could name.'],
  ])('%s', async (asked, answer) => {
    expect(await lastReply('Hello', asked)).toBe(answer);
  });

  test.each(['what is plus', '2 +', 'what is (2', 'seven'])('%s is no sum', async (asked) => {
    expect(await lastReply('Hello', asked)).not.toMatch(/ is -?\d/);
  });
});

describe('what the conversation says', () => {
  test.each([
    [['My name is Ada and I live in Oslo.'], 'what is my name', 'Your name is Ada.'],
    [["Hi, I'm Ada."], 'Do you remember my name?', 'Your name is Ada.'],
    [['hi my name is ada'], 'can you tell me what my name is', 'Your name is Ada.'],
    [['My name is Ada', 'Please call me Countess'], 'What is my name?', 'Your name is Countess.'],
    [['My name is Ada and I live in Oslo.'], 'Where do I live?', 'You live in Oslo.'],
    [['I live in Oslo', 'I live in Bergen now'], 'where do i live', 'You live in Bergen now.'],
    [['I went to the cinema with Tom'], 'Do you remember where I went?', 'You went to the cinema with Tom.'],
    [['I have a dog called Bruno'], "what's my dog called?", 'You have a dog called Bruno.'],
    [['I have a dog called Bruno'], 'Who is Bruno?', 'You have a dog called Bruno.'],
    [
      ["My sister's name is Eva and she lives in Bergen."],
      'Where does my sister live?',
      'Your sister lives in Bergen.',
    ],
    [
      ["My sister's name is Eva and she lives in Bergen."],
      "What is my sister's name?",
      "Your sister's name is Eva.",
    ],
    [["I'm allergic to peanuts."], 'What am I allergic to?', "You're allergic to peanuts."],
    [["I'm allergic to peanuts."], 'Am I allergic to peanuts?', "Yes. You're allergic to peanuts."],
    [["I don't like coffee"], 'Do I like coffee?', "No. You don't like coffee."],
    [['I like hiking', 'I like tea'], 'What do I like?', 'You like hiking. You like tea.'],
    [['My favourite colour is blue'], "what's my favorite color?", 'Your favourite colour is blue.'],
    [['I am 34 years old'], 'How old am I?', 'You are 34 years old.'],
    [['Remember that my keys are on the shelf.'], 'Where are my keys?', 'Your keys are on the shelf.'],
    [
      ['My dog is called Bruno.', 'I moved from Oslo to Bergen.'],
      'where did I move',
      'You moved from Oslo to Bergen.',
    ],
  ])('%s — %s', async (said, asked, answer) => {
    expect(await lastReply(...said, asked)).toBe(answer);
  });

  test.each([
    [['My dog is called Bruno.'], 'What is my name?'],
    [['My sister lives in Bergen.'], 'Where do I live?'],
    [['I work as a nurse.'], 'When do I work?'],
    [['My favourite colour is blue'], 'What is my favourite food?'],
    [['Where do I live?'], 'Where do I live?'],
    [['Is my name Ada?'], 'What is my name?'],
  ])('is not stretched: %s — %s', async (said, asked) => {
    expect(await lastReply(...said, asked)).toMatch(
      /^(You have not told me that|I do not know that about you)/,
    );
  });

  test('is quoted to the one who asks what they said', async () => {
    const said = ['I have a dog called Bruno.', 'The weather is bad.'];
    expect(await lastReply(...said, 'What did I tell you about my dog?')).toBe(
      'You said: "I have a dog called Bruno."',
    );
    expect(await lastReply(...said, 'What did I just say?')).toBe('You said: "The weather is bad."');
    expect(await lastReply(...said, 'What did I say about my cat?')).toBe(
      'You have not said anything about your cat that I can see.',
    );
  });

  test('is summed up, and so is that there is nothing yet', async () => {
    expect(await lastReply('Hello', 'What do you know about me?')).toMatch(/^Nothing yet/);
    expect(await lastReply("I'm Ada.", 'I live in Oslo.', 'I like tea.', 'What do you know about me?')).toBe(
      "You're Ada. You live in Oslo. You like tea.",
    );
  });

  test('is used together with what the notes in the system messages say', async () => {
    const notes: ChatMessage = {
      role: 'system',
      text: [
        'Style:',
        '- Keep answers short.',
        'What you know about the user:',
        "- The user's name is Grace.",
        '- The user lives in Lisbon. (since 2024)',
        "- Grace's sister is called Mary.",
        '- User has a cat',
      ].join('\n'),
    };
    const asked = ['Hello!', 'Where do I live?', "What's my sister called?", 'What do you know about me?'];
    const answers = await conversation(asked, [persona, notes]);
    expect(answers[0]).toMatch(/^Good afternoon, Grace\./);
    expect(answers[1]).toBe('You live in Lisbon.');
    expect(answers[2]).toBe('Your sister is called Mary.');
    expect(answers[3]).toBe(
      'Your name is Grace. You live in Lisbon. Your sister is called Mary. You have a cat.',
    );
  });
});

describe('listening', () => {
  test('a name is met once with joy and used from then on', async () => {
    const [met, thanked] = await conversation(['Hello, my name is Ada.', 'Thank you!']);
    expect(met).toMatch(/^Good afternoon, Ada\. Nice to meet you\./);
    expect(thanked).not.toContain('Nice to meet you');
    expect(await lastReply('My name is Ada', 'My name is Ada', 'bye')).toContain('Ada');
  });

  test('a statement comes back from the other side, with a question', async () => {
    expect(await lastReply('Hello', 'I moved to Oslo because my sister lives there')).toMatch(
      /^You moved to Oslo because your sister lives there\. .+/,
    );
    expect(await lastReply('Hello', 'I love my cat')).toMatch(/your cat\?$/);
    expect(await lastReply('Hello', 'I am tired')).toMatch(/^You are tired\. .+\?$/);
    expect(await lastReply('Hello', 'My mother is ill')).toMatch(/^Your mother is ill\. .*your mother/);
  });

  test('a nation is no name', async () => {
    expect(await lastReply('Hello', "I'm Norwegian", 'Hello')).not.toContain('Norwegian');
  });

  test('a long statement is not said back word for word', async () => {
    const long =
      'I walked to the harbour and looked at the boats and the gulls and the long grey line of the sea';
    expect((await lastReply('Hello', long)).split(' ').length).toBeLessThan(10);
  });

  test('the same words twice do not get the same answer twice', async () => {
    const [, first, second] = await conversation(['Hello', 'yes', 'yes']);
    expect(first).not.toBe(second);
  });

  test('the same conversation at the same time gets the same answer', async () => {
    const lines = ['Hello', 'I like tea', 'yes', 'tell me a joke', 'thanks', 'bye'];
    expect(await conversation(lines)).toEqual(await conversation(lines));
  });

  test.each([
    ['Repeat after me: The quick brown fox. Twice!', 'The quick brown fox. Twice!'],
    ['Vivavoce, repeat after me: hello', 'hello'],
    ['Can you hear me?', 'Yes, loud and clear.'],
    ['...', 'I did not catch that. Could you say it again?'],
    ["What's your name?", 'I am Vivavoce. And you?'],
  ])('%s', async (said, answer) => {
    expect(await lastReply('Hello', said)).toBe(answer);
  });

  test('what it said last is said again on request', async () => {
    expect(await lastReply('Hello', 'What year is it?', 'Pardon?')).toBe('I said: It is the year 2026.');
  });

  test('of a question and a statement in one breath the question is answered', async () => {
    expect(await lastReply('Hello', 'I live in Oslo. What time is it?')).toBe('It is 3:20 PM.');
  });
});

describe('as a model', () => {
  const hello = { messages: [{ role: 'user', text: 'Hello' }] } as const;

  test('counts a word as a token and stops at exactly maxTokens', async () => {
    const { parts, text } = await collect(model.stream({ ...hello, maxTokens: 3 }, never));
    expect(parts.map((part) => part.type)).toEqual(['text', 'text', 'text', 'usage']);
    expect(text.split(' ')).toHaveLength(3);
    expect(parts.at(-1)).toEqual({
      type: 'usage',
      finishReason: 'length',
      usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 3 },
    });
  });

  test('answers in words although a tool was required', async () => {
    const tools = [{ name: 'f', parameters: {} }];
    const { parts, text } = await collect(model.stream({ ...hello, tools, toolChoice: 'required' }, never));
    expect(text).not.toBe('');
    expect(parts.at(-1)).toMatchObject({ finishReason: 'stop' });
  });

  test('stops in the middle when it is aborted', async () => {
    const abort = new AbortController();
    const seen: ChatPart[] = [];
    const turn = (async () => {
      for await (const part of model.stream(hello, abort.signal)) {
        seen.push(part);
        if (seen.length === 2) abort.abort();
      }
    })();
    await expect(turn).rejects.toSatisfy(isAbort);
    expect(seen).toHaveLength(2);
  });

  test('greets when nobody has said anything yet', async () => {
    expect((await collect(model.stream({ messages: [persona] }, never))).text).toMatch(/^Good afternoon\./);
  });

  test('answers whatever is said, and with something', async () => {
    const word = fc.constantFrom(
      ...'I you my name is am what where do live like and but not 2 + ( " - ? . ! , : because repeat after me remember'.split(
        ' ',
      ),
    );
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.array(word).map((words) => words.join(' ')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 4 }), async (lines) => {
        for (const reply of await conversation(lines)) expect(reply.trim()).not.toBe('');
      }),
      { numRuns: 150 },
    );
  });

  test('is not slowed down by what was made to slow it down', async () => {
    const nasty = [
      'so '.repeat(5000),
      'a'.repeat(20_000),
      '.'.repeat(20_000),
      'my '.repeat(5000),
      '1+'.repeat(5000),
    ];
    nasty.push(
      '"'.repeat(9999),
      '('.repeat(2000),
      'please '.repeat(4000),
      'i am '.repeat(4000),
      ' '.repeat(20_000),
    );
    for (const text of nasty) expect(await lastReply(text)).not.toBe('');
  });
});
