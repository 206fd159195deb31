import type { Row } from './cell.ts';
import { languageModelRows } from './language-model.ts';
import { embeddingsRow, qdrantRow } from './memory.ts';
import { recognitionRow } from './recognition.ts';
import { voiceRow } from './voice.ts';

/** Everything that is asked over HTTP. */
export const rows: readonly Row[] = [
  ...languageModelRows,
  embeddingsRow,
  qdrantRow,
  voiceRow,
  recognitionRow,
];
