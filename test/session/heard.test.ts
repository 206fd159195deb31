import { describe, expect, it } from 'vitest';
import { type MessageItem, textOf } from '../../src/conversation/item.ts';
import { AudioTimeline } from '../../src/session/audio-timeline.ts';
import { interruptAt, type SpokenReply, truncateToHeard } from '../../src/session/heard.ts';

const TEXT = 'One two three. 👍';

function item(
  status: MessageItem['status'],
  type: 'output_audio' | 'output_text' = 'output_audio',
): MessageItem {
  return {
    id: 'item_1',
    type: 'message',
    role: 'assistant',
    status,
    createdAtMs: 0,
    responseId: 'resp_1',
    content: [type === 'output_audio' ? { type, transcript: TEXT } : { type, text: TEXT }],
    reply: { generated: TEXT, sent: TEXT, heard: null },
  };
}

/** Three words of 100 ms each; nothing is said of the emoji. */
function spokenReply(): SpokenReply {
  const timeline = new AudioTimeline();
  const text = 'One two three.';
  const words = [...text.matchAll(/\S+/g)].map(({ 0: word, index }, at) => ({
    start: index,
    end: index + word.length,
    startMs: at * 100,
    endMs: at * 100 + 100,
  }));
  const sentence = { text, start: 0, end: text.length, ending: 'sentence' as const };
  const spoken = { text, toGenerated: (offset: number) => offset };
  const frame = { utterance: { sentence, spoken }, pauseMs: 0, failure: null };
  timeline.add({ ...frame, samples: new Int16Array(300 * 24), words, isFirst: true, isWhole: false });
  timeline.add({ ...frame, samples: new Int16Array(0), words: null, isFirst: false, isWhole: true });
  return { itemId: 'item_1', timeline, generated: TEXT };
}

describe('an interruption', () => {
  it('keeps of a reply what had been played', () => {
    const cut = interruptAt(item('incomplete'), spokenReply(), 160);
    expect(cut.reply).toEqual({ generated: TEXT, sent: TEXT, heard: 'One two' });
    expect(textOf(interruptAt(item('completed'), spokenReply(), 160))).toBe('One two');
    expect(textOf(interruptAt(item('incomplete'), spokenReply(), 0))).toBe('');
  });

  it('is corrected by what the client says later, to more and to less', () => {
    const spoken = spokenReply();
    const estimated = interruptAt(item('completed'), spoken, 160);
    expect(textOf(truncateToHeard(estimated, spoken, 80).item)).toBe('One');
    expect(textOf(truncateToHeard(estimated, spoken, 270).item)).toBe('One two three.');
    expect(textOf(truncateToHeard(estimated, spoken, 9_999).item)).toBe(TEXT);
  });

  it('after the last sound takes nothing away, not even what cannot be spoken', () => {
    const whole = item('completed');
    expect(interruptAt(whole, spokenReply(), 300)).toBe(whole);
    expect(textOf(truncateToHeard(whole, spokenReply(), 300).item)).toBe(TEXT);
  });

  it('of a reply that was not all made ends at the last word that was played', () => {
    expect(textOf(interruptAt(item('incomplete'), spokenReply(), 300))).toBe('One two three.');
  });

  it('leaves alone what was only written', () => {
    const written = item('incomplete', 'output_text');
    expect(interruptAt(written, spokenReply(), 10)).toBe(written);
  });
});
