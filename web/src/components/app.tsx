import { useCallback, useRef, useState } from 'react';
import { useAgent, useValue } from './agent-context.ts';
import { Banners } from './banners.tsx';
import { Composer } from './composer.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { MemoryPanel } from './memory-panel.tsx';
import { Messages } from './messages.tsx';
import { MicrophoneButton } from './microphone-button.tsx';
import { MicrophoneNotice } from './microphone-notice.tsx';
import { Sidebar } from './sidebar.tsx';
import { TopBar } from './top-bar.tsx';
import { useAudibleSamples } from './use-audible-samples.ts';
import { useConversationUrl } from './use-conversation-url.ts';
import { useDraft } from './use-draft.ts';
import { usePageEvents } from './use-page-events.ts';
import { VoiceBar } from './voice-bar.tsx';

export function App() {
  const { session } = useAgent();
  const connection = useValue(session.connection);
  const playback = useValue(session.output.playback, ({ state }) => state);
  const audible = useAudibleSamples(session);
  const [isExplaining, setIsExplaining] = useState(false);
  const [isListOpen, setIsListOpen] = useState(false);
  const [draft, setDraft] = useDraft();
  const input = useRef<HTMLTextAreaElement>(null);
  const openInUrl = useConversationUrl(session);
  usePageEvents(session);

  const open = (id: string | null) => {
    setIsListOpen(false);
    openInUrl(id);
    focusUnlessTouch(input.current);
  };

  const say = (text: string) => {
    session.output.unlock();
    session.say(text);
  };

  const withdraw = useCallback(
    (id: string) => {
      const text = session.withdraw(id);
      if (text === null) return;
      const { current } = input;
      setDraft(current?.value ? `${text}\n${current.value}` : text);
      current?.focus();
    },
    [session, setDraft],
  );

  return (
    <div
      className={`app ${isListOpen ? 'list-open' : ''}`}
      data-connection={connection.status}
      ref={audible}
      data-playback={playback}
    >
      <Sidebar onOpen={open} onClose={() => setIsListOpen(false)} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a second way to close; the button in the list is the first */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same */}
      <div className="scrim" onClick={() => setIsListOpen(false)} />
      <main>
        <TopBar onMenu={() => setIsListOpen(true)} />
        <Banners />
        <Messages onWithdraw={withdraw} onSay={say} />
        <footer>
          <MicrophoneNotice isAsked={isExplaining} onClose={() => setIsExplaining(false)} />
          <VoiceBar />
          <Composer input={input} draft={draft} onDraft={setDraft} onSay={say}>
            <MicrophoneButton onExplain={() => setIsExplaining(!isExplaining)} />
          </Composer>
        </footer>
      </main>
      <MemoryPanel onOpen={open} />
      <KeyDialog />
    </div>
  );
}

/** On a phone the keyboard would cover half of the page. */
function focusUnlessTouch(input: HTMLTextAreaElement | null): void {
  if (matchMedia('(pointer: fine)').matches) input?.focus();
}
