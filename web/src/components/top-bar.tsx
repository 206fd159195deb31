import { useAgent, useValue } from './agent-context.ts';
import { EngineMenu } from './engine-menu.tsx';
import { MenuIcon, VoiceOffIcon, VoiceOnIcon } from './icons.tsx';
import { titleOf } from './labels.ts';
import { TranscriptMenu } from './transcript-menu.tsx';

export function TopBar({ onMenu }: { readonly onMenu: () => void }) {
  const { session, list } = useAgent();
  const { conversationId, isStored, engines } = useValue(session.chat);
  const isVoiceOn = useValue(session.output.isOn);
  const { conversations } = useValue(list.state);
  const conversation = isStored ? conversations.find(({ id }) => id === conversationId) : undefined;
  const title = conversation ? titleOf(conversation) : 'New conversation';

  return (
    <header className="top-bar">
      <button type="button" className="icon-button narrow-only" aria-label="Conversations" onClick={onMenu}>
        <MenuIcon />
      </button>
      <h1 title={title}>{title}</h1>
      <EngineMenu engines={engines} />
      {isStored && conversationId !== null && <TranscriptMenu id={conversationId} title={title} />}
      <button
        type="button"
        className="icon-button voice-toggle"
        aria-pressed={isVoiceOn}
        aria-label="Speak the answers"
        title={isVoiceOn ? 'Answers are spoken. Turn the voice off' : 'Answers are silent. Turn the voice on'}
        onClick={() => {
          session.setVoice(!isVoiceOn);
          session.output.unlock();
        }}
      >
        {isVoiceOn ? <VoiceOnIcon /> : <VoiceOffIcon />}
      </button>
    </header>
  );
}
