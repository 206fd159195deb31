import type { StorageLike } from '../api/access.ts';

const VOICE_KEY = 'vivavoce.voice';

/** Whether answers are spoken; yes, until the person says otherwise. */
export function readVoiceIsOn(storage: StorageLike): boolean {
  return storage.getItem(VOICE_KEY) !== 'off';
}

export function writeVoiceIsOn(storage: StorageLike, isOn: boolean): void {
  storage.setItem(VOICE_KEY, isOn ? 'on' : 'off');
}
