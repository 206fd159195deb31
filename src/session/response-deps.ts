import type { Clock, IdSource } from '../clock.ts';
import type { Pronunciations } from '../speech/pronunciations.ts';
import type { Voice } from '../speech/tts/voice.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { ResponsePlan } from './response-plan.ts';
import type { Prices } from './turn-account.ts';

export interface ResponseDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly voice: Voice;
  /** Speaks when a client names a voice of another vendor. */
  readonly defaultVoice: string;
  readonly pronunciations: Pronunciations;
  readonly telemetry: Telemetry;
  /** Null when no prices are configured. */
  readonly prices: Prices | null;
}

/** The voice that a reply is spoken with: one that there is. */
export function voiceNameOf(
  { voice }: Pick<ResponsePlan, 'voice'>,
  deps: Pick<ResponseDeps, 'voice' | 'defaultVoice'>,
): string {
  return deps.voice.voices.includes(voice) ? voice : deps.defaultVoice;
}
