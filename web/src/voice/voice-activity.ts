import type { TurnMode } from '../agent/preferences.ts';
import type { PlaybackState } from '../audio/audio-output.ts';
import type { MicrophoneState } from './microphone.ts';

/** What is known of both sides of a spoken conversation at one moment. */
export interface VoiceFacts {
  readonly microphone: MicrophoneState;
  readonly mode: TurnMode;
  readonly isConnected: boolean;
  /** The server hears somebody speak. */
  readonly isHeard: boolean;
  /** The button of push-to-talk is held. */
  readonly isTalking: boolean;
  readonly playback: PlaybackState;
  /** An answer is being made, or will be in a moment. */
  readonly isBusy: boolean;
  readonly isWriting: boolean;
}

export interface VoiceActivity {
  readonly name:
    | 'asking'
    | 'unconnected'
    | 'recording'
    | 'heard'
    | 'held'
    | 'speaking'
    | 'writing'
    | 'thinking'
    | 'muted'
    | 'ready'
    | 'listening';
  /** For people. */
  readonly label: string;
}

/** The one thing that matters most at this moment; null while nobody does anything. */
export function voiceActivity(facts: VoiceFacts): VoiceActivity | null {
  const { microphone, mode, playback } = facts;
  if (microphone.status === 'asking') return { name: 'asking', label: 'Waiting for the microphone…' };
  if (microphone.status === 'on' && !facts.isConnected) {
    return { name: 'unconnected', label: 'No connection: you are not heard' };
  }
  if (facts.isTalking) return { name: 'recording', label: 'Talk now, let go to send' };
  if (facts.isHeard) return { name: 'heard', label: 'You are speaking' };
  if (playback === 'held') return { name: 'held', label: 'Go on, I listen' };
  if (playback === 'playing') return { name: 'speaking', label: 'Speaking' };
  if (facts.isBusy) {
    return facts.isWriting ? { name: 'writing', label: 'Writing' } : { name: 'thinking', label: 'Thinking' };
  }
  if (microphone.status !== 'on') return null;
  if (microphone.isMuted) return { name: 'muted', label: 'Muted' };
  return mode === 'push-to-talk'
    ? { name: 'ready', label: 'Hold the button to talk' }
    : { name: 'listening', label: 'Listening' };
}

/** How high a meter stands: 0 at -60 dB and below, 1 at -10 dB. `level`: root mean square, 0 to 1. */
export function meterHeight(level: number): number {
  const decibels = 20 * Math.log10(Math.max(level, 1e-6));
  return Math.min(Math.max((decibels + 60) / 50, 0), 1);
}
