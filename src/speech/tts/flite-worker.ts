import { workerData } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import { serveWorker, Transfer } from '../../workers/serve-worker.ts';
import { joinSamples } from '../audio/pcm.ts';
import { createResampler, type Resampler } from '../audio/resampler.ts';
import type { FliteApi, FliteJob, FliteSpeech, FliteWorkerData } from './flite-api.ts';
import { FliteCommand } from './flite-command.ts';
import { alignWords, parsePhoneGroups, parseTimedPhones, type Span } from './flite-phones.ts';
import { VOICE_RATE } from './voice.ts';

const { module, folder } = workerData as FliteWorkerData;
const command = await FliteCommand.load(module, folder);
const resamplers = new Map<number, Resampler>();
/** How words sound on their own. It never changes, and most words come again. */
const pronunciations = new LRUCache<string, readonly string[]>({ max: 20_000 });
/** `kal` speaks in 8 kHz; `kal16` is the same voice in 16 kHz. It is also the quickest by far to ask about sounds. */
const QUICK_VOICE = 'kal16';

async function synthesize({ words, voice, speed }: FliteJob): Promise<Transfer<FliteSpeech>> {
  const spoken = command.speak(words.join(' '), [
    ...['-voice', voice === 'kal' ? QUICK_VOICE : voice],
    ...['--setf', `duration_stretch=${(1 / speed).toFixed(4)}`],
    '-psdur',
  ]);
  const phones = parseTimedPhones(spoken.stdout);
  const durationMs = (spoken.samples.length * 1000) / spoken.rate;
  // The plan may be longer than the audio: kal leaves out a part of the pause at the end.
  const spans = alignWords(pronounce(words), phones).map((span): Span | null => {
    return span && { startMs: span.startMs, endMs: Math.min(span.endMs, durationMs) };
  });
  const samples = await toVoiceRate(spoken.samples, spoken.rate);
  return new Transfer({ samples, spans }, [samples.buffer as ArrayBuffer]);
}

/** How each word sounds on its own; Flite is asked for those that are new. */
function pronounce(words: readonly string[]): (readonly string[])[] {
  const forms = words.map(withoutPauses);
  const unknown = [...new Set(forms)].filter((form) => !pronunciations.has(form));
  if (unknown.length > 0) {
    // A comma is a pause, so all of them are one question; if one of them has a pause inside, ask for each.
    const groups = askSounds(unknown.join(', '));
    if (groups.length === unknown.length) {
      for (const [i, form] of unknown.entries()) pronunciations.set(form, groups[i] ?? []);
    } else {
      for (const form of unknown) pronunciations.set(form, askSounds(form).flat());
    }
  }
  return forms.map((form) => pronunciations.get(form) ?? []);
}

function askSounds(text: string): string[][] {
  return parsePhoneGroups(command.describe(text, ['-voice', QUICK_VOICE, '-ps']));
}

function withoutPauses(word: string): string {
  return word
    .replace(/[^A-Za-z0-9/&%@#+=*_~^|$\\]+$/, '')
    .replace(/^["'([{<]+/, '')
    .replace(/(?<!\d)[,;:!?](?!\d)|\.{2,}/g, ' ');
}

async function toVoiceRate(samples: Int16Array, rate: number): Promise<Int16Array> {
  let resampler = resamplers.get(rate);
  if (!resampler) {
    resampler = await createResampler(rate, VOICE_RATE);
    resamplers.set(rate, resampler);
  }
  return joinSamples([resampler.process(samples), resampler.flush()]);
}

serveWorker<FliteApi>({ synthesize });
