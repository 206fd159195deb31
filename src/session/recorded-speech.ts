import { setImmediate as nextTick } from 'node:timers/promises';
import type { MessageItem } from '../conversation/item.ts';
import { VivavoceError } from '../errors.ts';
import type { ClientItem } from '../protocol/client-items.ts';
import { decodeBase64Audio } from '../speech/audio/base64-audio.ts';
import { type AudioFormat, createInputDecoder } from '../speech/audio/input-format.ts';
import type { Transcript } from '../speech/stt/transcriber.ts';
import type { Hearing } from './hearing.ts';

/** So much is decoded at once; others want the event loop too. */
const SLICE_SECONDS = 5;

/**
 * The audio of a message that came without its words; null when there is none.
 *
 * @throws VivavoceError `invalid_request` when it is no audio, or nothing can be heard here.
 */
export function recordedAudio(item: ClientItem, hearing: Hearing): Uint8Array | null {
  if (item.type !== 'message' || item.role !== 'user') return null;
  const recorded = item.content.filter(
    (part) => part.type === 'input_audio' && !part.transcript && part.audio,
  );
  const parts = recorded.map((part) =>
    'audio' in part && part.audio ? decodeBase64Audio(part.audio) : null,
  );
  if (parts.length === 0) return null;
  const refuse = (message: string, wireCode?: string) =>
    new VivavoceError('invalid_request', message, {
      param: 'item.content',
      ...(wireCode !== undefined && { wireCode }),
    });
  if (parts.some((part) => part === null)) throw refuse('The audio is not base64.');
  if (parts.length > 1)
    throw refuse('A message can have one recording; send the others as messages of their own.');
  const unavailable = hearing.unavailable();
  if (unavailable !== null) throw refuse(unavailable, 'input_audio_unavailable');
  return parts[0] ?? null;
}

/** What is said in a recording. Rejects with what the recogniser failed with. */
export async function transcribeRecording(
  audio: Uint8Array,
  format: AudioFormat,
  hearing: Hearing,
  request: { readonly language: string | null; readonly prompt: string | null; readonly speaker: string },
  signal: AbortSignal,
): Promise<Transcript> {
  using decoder = await createInputDecoder(format);
  using recognition = hearing.transcriber.recognise({ ...request, onPartial: () => undefined });
  const slice = decoder.bytesPerSecond * SLICE_SECONDS;
  for (let at = 0; at < audio.length; at += slice) {
    if (at > 0) await nextTick();
    recognition.push(decoder.decode(audio.subarray(at, at + slice)));
  }
  recognition.push(decoder.flush());
  return await recognition.read(signal);
}

/** The same message with the words of its recording. */
export function withWords(item: MessageItem, transcript: string): MessageItem {
  const isRecorded = (part: MessageItem['content'][number]) =>
    part.type === 'input_audio' && part.transcript === null;
  return {
    ...item,
    content: item.content.map((part) => (isRecorded(part) ? { ...part, transcript } : part) as typeof part),
  };
}
