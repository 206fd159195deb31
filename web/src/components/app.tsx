import { useCallback, useRef, useState } from 'react';
import { useAgent, useValue } from './agent-context.ts';
import { Banners } from './banners.tsx';
import { Composer } from './composer.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { Messages } from './messages.tsx';
import { Sidebar } from './sidebar.tsx';
import { TopBar } from './top-bar.tsx';
import { useConversationUrl } from './use-conversation-url.ts';
import { useDraft } from './use-draft.ts';
import { usePageEvents } from './use-page-events.ts';
import { VoiceBar } from './voice-bar.tsx';

export function App() {
  const { session } = useAgent();
  const connection = useValue(session.connection);
  const { state, audibleSamples } = useValue(session.playback);
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
    session.unlockAudio();
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
      data-playback={state}
      data-audible-samples={audibleSamples}
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
          <VoiceBar />
          <Composer input={input} draft={draft} onDraft={setDraft} onSay={say} />
        </footer>
      </main>
      <KeyDialog />
    </div>
  );
}

/** On a phone the keyboard would cover half of the page. */
function focusUnlessTouch(input: HTMLTextAreaElement | null): void {
  if (matchMedia('(pointer: fine)').matches) input?.focus();
}
