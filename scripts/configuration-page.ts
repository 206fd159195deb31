import { z } from 'zod';
import { NOT_BUILT } from '../src/config.ts';
import type { settings } from '../src/settings.ts';

/** The settings as a page: a row for each, in the order in which they are declared. */
export function configurationPage(schema: typeof settings): string {
  const rows = Object.entries(schema.shape).map(([name, setting]) => row(name, setting));
  return [
    '# Configuration',
    '',
    'Every setting is an environment variable; an empty one counts as unset. This page is made from',
    '`src/settings.ts` by `npm run docs`.',
    '',
    '| variable | default | what it does |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function row(name: string, setting: z.ZodType): string {
  const json = z.toJSONSchema(setting, { io: 'input', unrepresentable: 'any' });
  // What depends on the machine would make the page differ from one to the next.
  const isMachine = name === 'TIMEZONE' || name === 'TTS_WORKERS';
  const value = isMachine || json.default === undefined || json.default === '' ? '' : `\`${json.default}\``;
  const choices = json.enum ? `One of ${json.enum.map((choice) => `\`${choice}\``).join(', ')}.` : '';
  const missing = NOT_BUILT[name as keyof typeof NOT_BUILT];
  const later = missing === undefined ? '' : missing === 'any' ? 'Not in this version.' : notYet(missing);
  const text = [setting.description, choices, later].filter(Boolean).join(' ');
  return `| \`${name}\` | ${value} | ${text} |`;
}

function notYet(values: readonly string[]): string {
  return `Not in this version: ${values.map((value) => `\`${value}\``).join(', ')}.`;
}
