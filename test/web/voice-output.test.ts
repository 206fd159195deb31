import { describe, expect, it } from 'vitest';
import { OpenChat } from '../../web/src/agent/open-chat.ts';
import { VoiceOutput } from '../../web/src/agent/voice-output.ts';
import type { OutputEvents, Stopped } from '../../web/src/audio/audio-output.ts';
import type { AgentEvent } from '../../web/src/realtime/agent-event.ts';

const SECOND = Buffer.alloc(48_000).toString('base64');

/** What happens to the loudspeaker and what the server is told, in order. `stopped`: what a stop returns. */
function setUp(stopped: Stopped[] = []) {
  const done: string[] = [];
  const chat = new OpenChat(() => 'item_of_page');
  let player: OutputEvents | null = null;
  const output = new VoiceOutput({
    openOutput: (events) => {
      player = events;
      return {
        unlock: () => undefined,
        play: (itemId) => void done.push(`play ${itemId}`),
        stop: () => {
          done.push('stop');
          return stopped;
        },
        duck: () => void done.push('duck'),
        resume: () => void done.push('resume'),
        level: () => 0,
      };
    },
    storage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
    chat,
    send: (event) => {
      if (event.type === 'conversation.item.truncate') {
        done.push(`truncate ${event.item_id} at ${event.audio_end_ms}`);
      } else if (event.type === 'vivavoce.playback.reported') {
        done.push(`${event.item_id} ${event.is_playing ? 'is' : 'stands'} at ${event.audio_played_ms}`);
      } else done.push(event.type);
      return true;
    },
  });
  const receive = (event: object) => {
    output.onEvent(event as AgentEvent);
    chat.do({ type: 'server', event: event as AgentEvent });
  };
  const begin = (id: string, metadata: Record<string, string> | null = null) =>
    receive({ type: 'response.created', response: { id, metadata } });
  /** A second of it. `offsetMs`: where in the item it begins. */
  const speak = (responseId: string, itemId: string, offsetMs?: number) =>
    receive({
      ...{ type: 'response.output_audio.delta', response_id: responseId, item_id: itemId },
      ...{ delta: SECOND, audio_offset_ms: offsetMs },
    });
  const played = (itemId: string, playedMs: number, isPlaying = true) =>
    player?.onPlayed({ itemId, playedMs, isPlaying });
  return { output, receive, begin, speak, played, done };
}

const INTERRUPTION = {
  type: 'input_audio_buffer.speech_started',
  item_id: 'item_of_user',
  audio_start_ms: 0,
};

describe('the voice of the agent', () => {
  it('falls silent first, then tells how far it was, and plays nothing more of it', () => {
    const { receive, begin, speak, done } = setUp([{ itemId: 'item_1', playedMs: 640, isCut: true }]);
    begin('resp_1');
    speak('resp_1', 'item_1');
    receive(INTERRUPTION);
    speak('resp_1', 'item_1');
    expect(done).toEqual(['play item_1', 'stop', 'truncate item_1 at 640']);
  });

  it('plays the answer to the interruption', () => {
    const { receive, begin, speak, done } = setUp([{ itemId: 'item_1', playedMs: 640, isCut: true }]);
    begin('resp_1');
    speak('resp_1', 'item_1');
    receive(INTERRUPTION);
    begin('resp_2');
    speak('resp_2', 'item_2');
    expect(done.at(-1)).toBe('play item_2');
  });

  it('calls nothing cut that was heard to its end', () => {
    const { receive, done } = setUp([{ itemId: 'item_1', playedMs: 900, isCut: false }]);
    receive(INTERRUPTION);
    expect(done).toEqual(['stop']);
  });

  it('ducks for a sound, and goes on after it, also when the connection is lost in between', () => {
    const { output, receive, done } = setUp();
    receive({ type: 'vivavoce.output.ducked', item_id: 'item_of_user' });
    receive({ type: 'vivavoce.output.resumed', item_id: 'item_of_user' });
    receive({ type: 'vivavoce.output.ducked', item_id: 'item_of_user' });
    output.disconnected();
    expect(done).toEqual(['duck', 'resume', 'duck', 'resume']);
  });

  it('drops what was asked for before the person stopped it, and plays what comes by itself later', () => {
    const { output, begin, speak, done } = setUp();
    const { metadata } = output;
    output.hush();
    begin('resp_1', metadata);
    speak('resp_1', 'item_1');
    begin('resp_2');
    speak('resp_2', 'item_2');
    expect(done).toEqual(['stop', 'play item_2']);
  });

  it('says where in the item it is, also behind an outage', () => {
    const { receive, begin, speak, played, done } = setUp([
      { itemId: 'item_1', playedMs: 1_500, isCut: true },
    ]);
    begin('resp_1');
    speak('resp_1', 'item_1', 0);
    speak('resp_1', 'item_1', 7_000);
    played('item_1', 900);
    played('item_1', 1_200);
    receive(INTERRUPTION);
    expect(done.slice(2)).toEqual([
      'item_1 is at 900',
      'item_1 is at 7200',
      'stop',
      'truncate item_1 at 7500',
    ]);
  });

  it('says where it is when the connection is back, because that may have got lost', () => {
    const { output, begin, speak, played, done } = setUp();
    begin('resp_1');
    speak('resp_1', 'item_1', 0);
    played('item_1', 1_000, false);
    output.resumed();
    expect(done.slice(1)).toEqual(['item_1 stands at 1000', 'item_1 stands at 1000']);
    output.disconnected();
    output.resumed();
    expect(done.at(-1)).toBe('resume');
  });
});
