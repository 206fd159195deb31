import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, VivavoceError } from '../../errors.ts';
import type { ModelFiles } from '../../speech/model-files.ts';
import { type Pooling, poolingOf } from './embedding-family.ts';
import type { EmbeddingDtype } from './local-embedding-api.ts';

/** What brings the files of a model to this machine, or knows that they are there. */
export type EmbeddingModelFiles = Pick<ModelFiles, 'folder' | 'has'>;

export interface LocalModel {
  readonly folder: string;
  readonly dtype: EmbeddingDtype;
  readonly pooling: Pooling;
}

const DESCRIPTION = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
const SUFFIXES: Readonly<Record<EmbeddingDtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
};
/** The smallest that is as good, and what every model has. */
const PREFERRED: readonly EmbeddingDtype[] = ['q8', 'fp32'];

interface Config {
  readonly 'transformers.js_config'?: {
    readonly use_external_data_format?: boolean | number | Readonly<Record<string, boolean | number>>;
  };
}

/**
 * Has the files of an embedding model in one folder, in `dtype` or else in the best that the model has.
 *
 * Rejects as `ModelFiles.folder` does.
 */
export async function localModel(
  files: EmbeddingModelFiles,
  { model, dtype, setting }: { model: string; dtype: EmbeddingDtype | null; setting: string },
  signal: AbortSignal,
): Promise<LocalModel> {
  const folder = await files.folder({ model, setting, files: DESCRIPTION }, signal);
  const config = (await readJson(join(folder, 'config.json'))) as Config;
  const pooling = (await statedPooling(folder)) ?? poolingOf(model);
  let missing: unknown = null;
  for (const each of dtype === null ? PREFERRED : [dtype]) {
    try {
      await files.folder({ model, setting, files: [...DESCRIPTION, ...networkFiles(each, config)] }, signal);
      return { folder, dtype: each, pooling };
    } catch (error) {
      const code = error instanceof VivavoceError ? error.code : null;
      if (code !== 'not_found' && code !== 'config_invalid') throw error;
      missing ??= error;
    }
  }
  throw missing;
}

/** Whether the model can be used without a download. */
export async function hasLocalModel(
  files: EmbeddingModelFiles,
  model: string,
  dtype: EmbeddingDtype | null,
): Promise<boolean> {
  const wanted = (each: EmbeddingDtype) => [...DESCRIPTION, ...networkFiles(each, {})];
  const there = (dtype === null ? PREFERRED : [dtype]).map((each) => files.has(model, wanted(each)));
  return (await Promise.all(there)).includes(true);
}

/** What the folder itself says, when it was made by sentence-transformers; null: nothing. */
async function statedPooling(folder: string): Promise<Pooling | null> {
  try {
    const stated = JSON.parse(await readFile(join(folder, '1_Pooling/config.json'), 'utf8'));
    if (stated.pooling_mode_cls_token) return 'first';
    if (stated.pooling_mode_lasttoken) return 'last';
    return stated.pooling_mode_mean_tokens ? 'mean' : null;
  } catch {
    // Not every folder has it, and the family of the model says it too.
    return null;
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const text = `${path} cannot be read (${messageOf(error)}); delete it, and it is fetched again`;
    throw new VivavoceError('engine_failed', text, { cause: error });
  }
}

/** Weights of more than 2 GB, and of some smaller models, are in files of their own beside the network. */
function networkFiles(dtype: EmbeddingDtype, config: Config): string[] {
  const file = `model${SUFFIXES[dtype]}.onnx`;
  const external = config['transformers.js_config']?.use_external_data_format ?? 0;
  const chunks = Number(typeof external === 'object' ? (external[file] ?? external.model ?? 0) : external);
  const data = Array.from({ length: chunks }, (_, i) => `onnx/${file}_data${i === 0 ? '' : `_${i}`}`);
  return [`onnx/${file}`, ...data];
}
