import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** So near to the end counts as being there, CSS pixels. */
const NEAR_PX = 80;

interface Stick {
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** The person has scrolled up to read. */
  readonly isAway: boolean;
  readonly onScroll: () => void;
  readonly toEnd: () => void;
}

/**
 * Keeps a scrolling element at its end while `content` grows, unless the person has scrolled away from there.
 * `isForced`: the newest content is wanted in any case.
 */
export function useStickToEnd(content: readonly unknown[], isForced: boolean): Stick {
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const [isAway, setIsAway] = useState(false);

  const toEnd = () => {
    const { current } = scroller;
    if (current) current.scrollTop = current.scrollHeight;
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: it runs because the content has changed
  useLayoutEffect(() => {
    if (isForced) isAtEnd.current = true;
    if (isAtEnd.current) toEnd();
  }, [content]);

  // What appears below it takes of its height. The page without a conversation is read from its top.
  const isEmpty = content.length === 0;
  useEffect(() => {
    const { current } = scroller;
    if (!current || isEmpty) return;
    const watch = new ResizeObserver(() => {
      if (isAtEnd.current) current.scrollTop = current.scrollHeight;
    });
    watch.observe(current);
    return () => watch.disconnect();
  }, [isEmpty]);

  const onScroll = () => {
    const { current } = scroller;
    if (!current) return;
    isAtEnd.current = current.scrollHeight - current.scrollTop - current.clientHeight < NEAR_PX;
    setIsAway(!isAtEnd.current);
  };

  return { scroller, isAway, onScroll, toEnd };
}
