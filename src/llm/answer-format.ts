import { VivavoceError } from '../errors.ts';
import type { AnswerFormat } from './chat-model.ts';

/** How closely an OpenAI-compatible server lets itself be told what an answer looks like. */
export type FormatLevel = 'json_schema' | 'json_object' | 'text';

/** DeepSeek refuses the first, LM Studio the second, older servers both. */
const WEAKER = { json_schema: 'json_object', json_object: 'text', text: 'text' } as const;

/** The words by which servers say that it is the format that they do not like, and not the length of the prompt. */
const ABOUT_FORMAT = /response.?format|json.?(?:schema|object|mode)|structured|grammar/i;

/** The server cannot write in the format that it was asked for. */
export class FormatRefused extends VivavoceError {
  constructor(message: string) {
    super('engine_failed', message);
  }

  static isMeant(status: number, message: string): boolean {
    return (status === 400 || status === 422) && ABOUT_FORMAT.test(message);
  }
}

export function weaker(level: FormatLevel): FormatLevel {
  return WEAKER[level];
}

/** The `response_format` of a request. At a level below `json_schema` only the prompt says what the JSON looks like. */
export function toResponseFormat({ name, schema }: AnswerFormat, level: FormatLevel) {
  switch (level) {
    case 'json_schema':
      return { type: level, json_schema: { name, schema, strict: true } };
    case 'json_object':
      return { type: level };
    case 'text':
      return undefined;
  }
}
