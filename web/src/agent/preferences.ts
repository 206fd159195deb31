import type { StorageLike } from '../api/access.ts';

const VOICE_KEY = 'vivavoce.voice';
const TURNS_KEY = 'vivavoce.turns';

/** Who says when a turn is over: the server, from what it hears, or the person, with a button that is held. */
export type TurnMode = 'hands-free' | 'push-to-talk';

/** Whether answers are spoken; yes, until the person says otherwise. */
export function readVoiceIsOn(storage: StorageLike): boolean {
  return storage.getItem(VOICE_KEY) !== 'off';
}

export function writeVoiceIsOn(storage: StorageLike, isOn: boolean): void {
  storage.setItem(VOICE_KEY, isOn ? 'on' : 'off');
}

export function readTurnMode(storage: StorageLike): TurnMode {
  return storage.getItem(TURNS_KEY) === 'push-to-talk' ? 'push-to-talk' : 'hands-free';
}

export function writeTurnMode(storage: StorageLike, mode: TurnMode): void {
  storage.setItem(TURNS_KEY, mode);
}
