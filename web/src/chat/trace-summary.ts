import type { TurnTrace } from './entry.ts';

const LABELS: Readonly<Record<string, string>> = {
  accepted: 'Turn began',
  model_asked: 'Model asked',
  first_token: 'First word written',
  first_text_to_voice: 'First words to the voice',
  first_audio: 'First audio made',
  first_frame_out: 'First audio sent',
  done: 'Answer complete',
};

const STEPS: Readonly<Record<string, string>> = {
  recall: 'memory',
  profile: 'profile',
  context: 'conversation',
  respond: 'answer',
  remember: 'taking note',
};

/** The name of a step of a turn for people. */
export function stepLabel(name: string): string {
  return STEPS[name] ?? name;
}

/** The name of a mark for people. */
export function markLabel(name: string): string {
  return LABELS[name] ?? name.replaceAll('_', ' ');
}

/** One line: what a person noticed of the speed, and how much was said. */
export function traceSummary({ marks, usage, degraded }: TurnTrace): string {
  const at = (name: string) => marks.find((mark) => mark.name === name)?.at_ms;
  const audioMs = at('first_frame_out') ?? at('first_audio');
  const wordMs = at('first_token');
  const first =
    audioMs !== undefined
      ? `first audio ${duration(audioMs)}`
      : wordMs !== undefined
        ? `first word ${duration(wordMs)}`
        : null;
  const tokens = usage.output_tokens;
  return [
    first,
    `${tokens} ${tokens === 1 ? 'token' : 'tokens'}`,
    degraded.length > 0 ? `without ${degraded.map(({ part }) => stepLabel(part)).join(', ')}` : null,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

export function duration(ms: number): string {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
