import { IDENTITY } from './identity.ts';
import { LIFE } from './life.ts';
import { PLACE } from './place.ts';
import type { Rule } from './rule.ts';
import { TASTE } from './taste.ts';

/** All rules; the first that fits has the word. */
export const RULES: readonly Rule[] = [...IDENTITY, ...PLACE, ...TASTE, ...LIFE];
