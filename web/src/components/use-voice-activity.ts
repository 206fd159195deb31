import { hasSession } from '../agent/agent-session.ts';
import { isBusy } from '../chat/chat-state.ts';
import { type VoiceActivity, voiceActivity } from '../voice/voice-activity.ts';
import { useAgent, useValue } from './agent-context.ts';

/** What the two sides are doing; null while they do nothing. */
export function useVoiceActivity(): VoiceActivity | null {
  const { session } = useAgent();
  const { input, output } = session;
  const chat = useValue(session.chat);
  return voiceActivity({
    microphone: useValue(input.microphone.state),
    mode: useValue(input.mode),
    isConnected: hasSession(useValue(session.connection)),
    isHeard: useValue(input.isHeard),
    isTalking: useValue(input.isTalking),
    playback: useValue(output.playback, ({ state }) => state),
    isBusy: isBusy(chat),
    isWriting: chat.entries.some((entry) => entry.kind === 'agent' && entry.status === 'in_progress'),
  });
}
