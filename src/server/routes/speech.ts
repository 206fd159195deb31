import { once } from 'node:events';
import { Router } from 'express';
import { VivavoceError } from '../../errors.ts';
import { speechRequest } from '../../protocol/rest-audio.ts';
import type { Admission } from '../../resilience/admission.ts';
import { voiceOf } from '../../session/session-config.ts';
import { Speaker } from '../../session/speaker.ts';
import { bytesOf } from '../../speech/audio/pcm.ts';
import { wavHeader } from '../../speech/audio/wav.ts';
import type { Pronunciations } from '../../speech/pronunciations.ts';
import { SentenceSplitter } from '../../speech/sentences.ts';
import { SpokenText } from '../../speech/spoken-text.ts';
import { VOICE_RATE, type Voice } from '../../speech/tts/voice.ts';
import { callerOf, requireScope } from '../caller.ts';
import { validate } from '../validate.ts';

interface Deps {
  readonly admission: Admission;
  readonly voice: Voice;
  readonly defaultVoice: string;
  readonly pronunciations: Pronunciations;
}

/** Text in, speech out: chunked, each frame as it is made. */
export function speechRoutes({ admission, voice, defaultVoice, pronunciations }: Deps): Router {
  const router = Router();
  router.use('/audio/speech', requireScope('talk'));
  router.post('/audio/speech', async (request, response) => {
    const body = validate(speechRequest, request.body ?? {});
    const { response_format: format } = body;
    if (format !== 'wav' && format !== 'pcm') {
      throw new VivavoceError(
        'invalid_request',
        `${format} is not available; response_format is wav or pcm.`,
        {
          param: 'response_format',
        },
      );
    }
    if (body.stream_format === 'sse') {
      throw new VivavoceError('invalid_request', 'stream_format is audio: the bytes themselves, chunked.', {
        param: 'stream_format',
      });
    }
    using _place = admission.turn(callerOf(request).owner.key);
    const left = new AbortController();
    response.on('close', () => left.abort());
    const wanted = voiceOf(body.voice);
    const speaker = new Speaker({
      voice,
      voiceName: wanted !== null && voice.voices.includes(wanted) ? wanted : defaultVoice,
      speed: body.speed,
      signal: left.signal,
    });
    sayAll(body.input, voice, speaker, pronunciations);

    response.type(format === 'wav' ? 'audio/wav' : 'audio/pcm');
    let isOpen = false;
    for await (const frame of speaker.frames()) {
      if (frame.failure !== null) {
        // Before the first byte a failure has a status; after it the connection breaks, which no client takes for the end.
        if (!isOpen) throw frame.failure;
        response.destroy();
        return;
      }
      if (frame.samples.length === 0) continue;
      if (!isOpen && format === 'wav') response.write(wavHeader(VOICE_RATE, null));
      isOpen = true;
      if (!response.write(bytesOf(frame.samples))) await once(response, 'drain', { signal: left.signal });
    }
    response.end();
  });
  return router;
}

function sayAll(text: string, voice: Voice, speaker: Speaker, pronunciations: Pronunciations): void {
  const splitter = new SentenceSplitter();
  const spokenText = new SpokenText();
  let refusal = 'there are no words in it';
  let pieces = 0;
  for (const sentence of [...splitter.push(text), ...splitter.finish()]) {
    const spoken = pronunciations.apply(spokenText.filter(sentence));
    const reason = spoken.text === '' ? null : voice.cannotSpeak(spoken.text);
    if (reason !== null) refusal = reason;
    if (spoken.text === '' || reason !== null) continue;
    speaker.say({ sentence, spoken });
    pieces++;
  }
  speaker.finish();
  if (pieces > 0) return;
  throw new VivavoceError('invalid_request', `The input cannot be spoken: ${refusal}.`, { param: 'input' });
}
