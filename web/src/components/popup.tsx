import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';

interface Props {
  /** What the button shows. */
  readonly button: ReactNode;
  readonly label: string;
  readonly className?: string;
  readonly onToggle?: (isOpen: boolean) => void;
  readonly children: ReactNode;
}

/** A button that opens a small panel; closed by Escape, and by a click beside it. */
export function Popup({ button, label, className = '', onToggle, children }: Props) {
  const details = useRef<HTMLDetailsElement>(null);

  useEffect(() => {
    const closeUnlessInside = (event: Event) => {
      const { current } = details;
      if (current?.open && !current.contains(event.target as Node)) current.open = false;
    };
    document.addEventListener('pointerdown', closeUnlessInside);
    document.addEventListener('focusin', closeUnlessInside);
    return () => {
      document.removeEventListener('pointerdown', closeUnlessInside);
      document.removeEventListener('focusin', closeUnlessInside);
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const { current } = details;
    if (event.key !== 'Escape' || !current?.open) return;
    // It closes the panel and does not stop the voice.
    event.stopPropagation();
    current.open = false;
    current.querySelector('summary')?.focus();
  };

  return (
    <details
      className={`popup ${className}`}
      ref={details}
      onKeyDown={onKeyDown}
      onToggle={({ currentTarget }) => onToggle?.(currentTarget.open)}
    >
      <summary aria-label={label} title={label}>
        {button}
      </summary>
      <div className="popup-panel">{children}</div>
    </details>
  );
}
