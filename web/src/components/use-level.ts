import { type RefObject, useEffect, useRef } from 'react';

/**
 * Keeps the CSS variable `--level` of an element at what `read` says (0 to 1), once a frame and without React.
 * `isActive` false: at 0.
 */
export function useLevel<E extends HTMLElement>(read: () => number, isActive: boolean): RefObject<E | null> {
  const element = useRef<E>(null);
  const newest = useRef(read);
  newest.current = read;

  useEffect(() => {
    const { current } = element;
    if (!current || !isActive) return;
    let frame = 0;
    const draw = () => {
      current.style.setProperty('--level', newest.current().toFixed(3));
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    return () => {
      cancelAnimationFrame(frame);
      current.style.setProperty('--level', '0');
    };
  }, [isActive]);

  return element;
}
