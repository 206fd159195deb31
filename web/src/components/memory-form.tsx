import { type FormEvent, type KeyboardEvent, useId, useState } from 'react';
import type { RestMemory } from '../../../src/protocol/rest-memories.ts';
import { KIND_LABELS } from './labels.ts';
import { useAttempt } from './use-attempt.ts';

interface Written {
  readonly text: string;
  readonly kind: RestMemory['kind'];
  readonly value?: string | null;
}

interface Props {
  readonly label: string;
  readonly placeholder?: string;
  /** What is corrected; a new one when absent. */
  readonly memory?: RestMemory;
  readonly onSave: (written: Written) => Promise<void>;
  readonly onClose: () => void;
}

/** A memory as a person writes or corrects it. Enter saves, Escape leaves. */
export function MemoryForm({ label, placeholder, memory, onSave, onClose }: Props) {
  const id = useId();
  const [text, setText] = useState(memory?.text ?? '');
  const [kind, setKind] = useState(memory?.kind ?? 'fact');
  const [value, setValue] = useState(memory?.value ?? '');
  const { isBusy, problem, attempt } = useAttempt();
  const attribute = memory?.attribute ?? null;
  // A memory is one line, whatever was pasted.
  const line = text.replace(/\s+/gu, ' ').trim();

  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    if (line === '') return;
    const newValue = value.trim() || null;
    // The server drops the value of other words: it stays when they still say it.
    const isMeant = newValue !== memory?.value || (newValue !== null && line.includes(newValue));
    const hasValue = attribute !== null && isMeant;
    if (await attempt(() => onSave({ text: line, kind, ...(hasValue && { value: newValue }) }))) onClose();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      // It leaves the form and not the panel.
      event.preventDefault();
      event.stopPropagation();
      onClose();
    }
    const isText = event.target instanceof HTMLTextAreaElement;
    if (event.key !== 'Enter' || !isText || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void submit();
  };

  return (
    <form className="memory-form" onSubmit={(event) => void submit(event)} onKeyDown={onKeyDown}>
      <label htmlFor={`${id}-text`}>{label}</label>
      <textarea
        id={`${id}-text`}
        rows={2}
        maxLength={1_000}
        placeholder={placeholder}
        // biome-ignore lint/a11y/noAutofocus: it was asked for a moment ago
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="memory-fields">
        <select
          aria-label="Kind"
          value={kind}
          onChange={(event) => setKind(event.target.value as RestMemory['kind'])}
        >
          {Object.entries(KIND_LABELS).map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
        {attribute !== null && (
          <label>
            {attribute}{' '}
            <input value={value} maxLength={256} onChange={(event) => setValue(event.target.value)} />
          </label>
        )}
        <span className="memory-form-buttons">
          <button type="button" className="quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={isBusy || line === ''}>
            Save
          </button>
        </span>
      </div>
      {problem !== null && (
        <p className="problem-text" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
