import { useCallback, useState } from 'react';

const STORAGE_KEY = 'vivavoce.draft';

/** What is in the box; it outlives a reload. */
export function useDraft(): readonly [string, (text: string) => void] {
  const [draft, setDraft] = useState(() => sessionStorage.getItem(STORAGE_KEY) ?? '');
  const write = useCallback((text: string) => {
    setDraft(text);
    sessionStorage.setItem(STORAGE_KEY, text);
  }, []);
  return [draft, write];
}
