import type { TranscriptionFields } from '../protocol/rest-transcriptions.ts';
import type { Transcript } from '../speech/stt/transcriber.ts';
import { cuesOf, toSrt, toVtt } from './subtitles.ts';

export interface TranscriptionBody {
  readonly type: string;
  readonly body: string;
}

/** What OpenAI bills by; here it says how long the audio was. */
export function usageOf(durationMs: number) {
  return { type: 'duration' as const, seconds: durationMs / 1000 };
}

/** The transcript in the format that was asked for. */
export function transcriptionBody(
  transcript: Transcript,
  durationMs: number,
  { response_format: format, language, timestamp_granularities: granularities }: TranscriptionFields,
): TranscriptionBody {
  switch (format) {
    case 'json':
      return json({ text: transcript.text, usage: usageOf(durationMs) });
    case 'text':
      return { type: 'text/plain; charset=utf-8', body: `${transcript.text}\n` };
    case 'srt':
      return { type: 'application/x-subrip; charset=utf-8', body: toSrt(cuesOf(transcript, durationMs)) };
    case 'vtt':
      return { type: 'text/vtt; charset=utf-8', body: toVtt(cuesOf(transcript, durationMs)) };
    case 'verbose_json':
      return json({
        task: 'transcribe',
        language: language ?? 'unknown',
        duration: durationMs / 1000,
        text: transcript.text,
        segments: segmentsOf(transcript, durationMs),
        ...(granularities.includes('word') && { words: wordsOf(transcript) }),
        usage: usageOf(durationMs),
      });
  }
}

function wordsOf({ words }: Transcript) {
  return (words ?? []).map(({ text, startMs, endMs }) => ({
    word: text,
    start: startMs / 1000,
    end: endMs / 1000,
  }));
}

function segmentsOf(transcript: Transcript, durationMs: number) {
  return cuesOf(transcript, durationMs).map(({ text, startMs, endMs }, id) => ({
    id,
    start: startMs / 1000,
    end: endMs / 1000,
    text,
    // Whisper's own; clients that filter by them let values like these pass.
    seek: 0,
    tokens: [],
    temperature: 0,
    avg_logprob: 0,
    compression_ratio: 1,
    no_speech_prob: 0,
  }));
}

function json(value: object): TranscriptionBody {
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(value) };
}
