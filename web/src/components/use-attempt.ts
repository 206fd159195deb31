import { useState } from 'react';

/** Something that takes a moment and may fail: whether it goes on, and why it failed the last time. */
export function useAttempt() {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  /** Resolves with whether it worked. Twice at once does it once. */
  const attempt = async (run: () => Promise<void>): Promise<boolean> => {
    if (isBusy) return false;
    setIsBusy(true);
    setProblem(null);
    try {
      await run();
      return true;
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      setIsBusy(false);
    }
  };

  return { isBusy, problem, attempt };
}
