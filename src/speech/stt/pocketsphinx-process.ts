import { messageOf } from '../../errors.ts';
import type { FromPocketSphinx, PocketSphinxCall, PocketSphinxSetup } from './pocketsphinx-api.ts';
import { PocketSphinxDecoder } from './pocketsphinx-decoder.ts';

/**
 * The program of a child process: one decoder, so that a crash of the native library ends nothing else.
 *
 * It ends when its parent does, however that happened: the channel closes, and nothing else keeps the loop alive.
 */
const [setup = '{}'] = process.argv.slice(2);
const { modelDir } = JSON.parse(setup) as PocketSphinxSetup;

// Ctrl-C reaches the whole group; who stops us is the parent, when the last words are written down.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

try {
  const decoder = new PocketSphinxDecoder(modelDir);
  process.on('message', (call: PocketSphinxCall) => {
    try {
      send({ type: 'result', value: answer(decoder, call) });
    } catch (error) {
      send({ type: 'error', message: messageOf(error) });
    }
  });
  send({ type: 'ready' });
} catch (error) {
  send({ type: 'error', message: messageOf(error) });
  process.disconnect();
}

function answer(decoder: PocketSphinxDecoder, call: PocketSphinxCall): unknown {
  switch (call.method) {
    case 'begin':
      return decoder.begin(call.argument);
    case 'feed':
      return decoder.feed(call.argument);
    case 'finish':
      return decoder.finish();
  }
}

function send(message: FromPocketSphinx): void {
  // Without a parent there is nobody to tell, and the loop is about to run empty.
  if (process.connected) process.send?.(message);
}
