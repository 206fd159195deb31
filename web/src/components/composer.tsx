import { type FormEvent, type KeyboardEvent, type ReactNode, type RefObject, useLayoutEffect } from 'react';
import { SendIcon } from './icons.tsx';

/** What the server takes at most in one message. */
const MAX_CHARS = 1_000_000;

interface Props {
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly onSay: (text: string) => void;
  /** Beside the button that sends. */
  readonly children: ReactNode;
}

export function Composer({ input, draft, onDraft, onSay, children }: Props) {
  const isEmpty = draft.trim() === '';

  // As high as its text, up to what the style sheet allows.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const { current } = input;
    if (!current) return;
    current.style.height = 'auto';
    current.style.height = `${current.scrollHeight}px`;
  }, [draft]);

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (isEmpty) return;
    onSay(draft.trim());
    onDraft('');
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // While a word is being composed (Japanese, Chinese, …) Enter belongs to the input method.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };

  return (
    <form className="composer" onSubmit={submit}>
      <label className="visually-hidden" htmlFor="message">
        Your message
      </label>
      <textarea
        id="message"
        ref={input}
        rows={1}
        maxLength={MAX_CHARS}
        placeholder="Say something…"
        enterKeyHint="send"
        value={draft}
        onChange={(event) => onDraft(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {children}
      <button type="submit" className="send" aria-label="Send" title="Send (Enter)" disabled={isEmpty}>
        <SendIcon />
      </button>
    </form>
  );
}
