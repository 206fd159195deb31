import { cueTime, oneLine } from '../conversation/transcript-words.ts';
import type { HeardWord, Transcript } from '../speech/stt/transcriber.ts';

/** What is shown at once, milliseconds from the beginning of the audio. */
export interface Cue {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Two lines of a screen. */
const MAX_CHARS = 84;
const MAX_MS = 6_000;
/** A pause as long as this ends a cue. */
const PAUSE_MS = 700;
const MIN_MS = 1;

/** Cues from the times of the words; without them one over the whole, and none when nothing was said. */
export function cuesOf({ text, words }: Transcript, durationMs: number): Cue[] {
  if (text.trim() === '') return [];
  if (!words || words.length === 0)
    return [{ text: oneLine(text), startMs: 0, endMs: Math.max(MIN_MS, durationMs) }];
  const cues: Cue[] = [];
  let held: Cue | null = null;
  for (const word of words) {
    const joined: Cue | null = held && join(held, word);
    if (joined) held = joined;
    else {
      if (held) cues.push(held);
      const startMs = Math.max(word.startMs, cues.at(-1)?.endMs ?? 0);
      held = { text: oneLine(word.text), startMs, endMs: Math.max(startMs + MIN_MS, word.endMs) };
    }
  }
  if (held) cues.push(held);
  return cues;
}

/** Null when `word` begins a cue of its own. */
function join(cue: Cue, word: HeardWord): Cue | null {
  const text = `${cue.text} ${oneLine(word.text)}`;
  const isNew =
    text.length > MAX_CHARS ||
    word.endMs - cue.startMs > MAX_MS ||
    word.startMs - cue.endMs >= PAUSE_MS ||
    /[.!?。！？]["'”’»)]*$/u.test(cue.text);
  return isNew ? null : { text, startMs: cue.startMs, endMs: Math.max(cue.endMs, word.endMs) };
}

export function toVtt(cues: readonly Cue[]): string {
  // `&gt;` also breaks the arrow that WebVTT forbids in a text.
  const harmless = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `WEBVTT\n\n${cues.map((cue) => `${times(cue, '.')}\n${harmless(cue.text)}\n\n`).join('')}`;
}

/** SubRip has no escapes, and players act on tags in `<>` and `{\}`: their wide twins look alike and do nothing. */
export function toSrt(cues: readonly Cue[]): string {
  const harmless = (text: string) =>
    text
      .replaceAll('<', '\uff1c')
      .replaceAll('>', '\uff1e')
      .replaceAll('{', '\uff5b')
      .replaceAll('}', '\uff5d');
  return cues.map((cue, i) => `${i + 1}\n${times(cue, ',')}\n${harmless(cue.text)}\n\n`).join('');
}

function times({ startMs, endMs }: Cue, point: string): string {
  return `${cueTime(startMs, point)} --> ${cueTime(endMs, point)}`;
}
