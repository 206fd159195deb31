import type { WireMessage } from '../../../src/protocol/wire-item.ts';

/** The words of a message; what has no words yet has none. */
export function textOf(item: WireMessage): string {
  return item.content
    .map((part) => ('text' in part ? part.text : 'transcript' in part ? (part.transcript ?? '') : '[image]'))
    .join('\n');
}
