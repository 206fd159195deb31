import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, VivavoceError } from '../../errors.ts';
import type { ModelFiles } from '../model-files.ts';
import type { WhisperDtype } from './whisper-api.ts';

export interface WhisperFiles {
  readonly folder: string;
  readonly dtype: WhisperDtype;
}

const DESCRIPTION = [
  'config.json',
  'generation_config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];
const NETWORKS = ['encoder_model', 'decoder_model_merged'];
const SUFFIXES: Readonly<Record<WhisperDtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
};
/** The smallest that hears as well, and what every model has. */
const PREFERRED: readonly WhisperDtype[] = ['q8', 'fp32'];
const MODEL_TYPES = ['whisper', 'lite-whisper', 'moonshine'];

interface Config {
  readonly model_type?: string;
  readonly 'transformers.js_config'?: {
    readonly use_external_data_format?: boolean | number | Readonly<Record<string, boolean | number>>;
  };
}

/** Moonshine costs as much as the audio is long, and knows English only; Whisper always computes 30 s. */
export function defaultWhisperModel(language: string | null): string {
  return language === 'en' ? 'onnx-community/moonshine-base-ONNX' : 'onnx-community/whisper-base';
}

/**
 * Has the files of a Whisper or Moonshine model in one folder, in `dtype` or else in the best that the model has.
 *
 * Rejects as `ModelFiles.folder` does, and with `config_invalid` for another kind of model, before its weights.
 */
export async function whisperFiles(
  files: ModelFiles,
  { model, dtype, setting }: { model: string; dtype: WhisperDtype | null; setting: string },
  signal: AbortSignal,
): Promise<WhisperFiles> {
  const folder = await files.folder({ model, setting, files: DESCRIPTION }, signal);
  const config = await readConfig(folder);
  if (!MODEL_TYPES.includes(config.model_type ?? '')) {
    const text = `${setting} names ${model}, a ${config.model_type ?? 'model without a type'}; it must be Whisper or Moonshine`;
    throw new VivavoceError('config_invalid', text);
  }
  let missing: unknown = null;
  for (const each of dtype === null ? PREFERRED : [dtype]) {
    const wanted = NETWORKS.flatMap((network) => networkFiles(network, each, config));
    try {
      await files.folder({ model, setting, files: [...DESCRIPTION, ...wanted] }, signal);
      return { folder, dtype: each };
    } catch (error) {
      const code = error instanceof VivavoceError ? error.code : null;
      if (code !== 'not_found' && code !== 'config_invalid') throw error;
      missing ??= error;
    }
  }
  throw missing;
}

/** Whether the model can be used without a download. */
export async function hasWhisperFiles(
  files: ModelFiles,
  model: string,
  dtype: WhisperDtype | null,
): Promise<boolean> {
  const wanted = (each: WhisperDtype) => [
    ...DESCRIPTION,
    ...NETWORKS.flatMap((network) => networkFiles(network, each, {})),
  ];
  const there = (dtype === null ? PREFERRED : [dtype]).map((each) => files.has(model, wanted(each)));
  return (await Promise.all(there)).includes(true);
}

async function readConfig(folder: string): Promise<Config> {
  const path = join(folder, 'config.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Config;
  } catch (error) {
    const text = `${path} cannot be read (${messageOf(error)}); delete it, and it is fetched again`;
    throw new VivavoceError('engine_failed', text, { cause: error });
  }
}

/** Weights of more than 2 GB are in files of their own beside the network. */
function networkFiles(network: string, dtype: WhisperDtype, config: Config): string[] {
  const file = `${network}${SUFFIXES[dtype]}.onnx`;
  const external = config['transformers.js_config']?.use_external_data_format ?? 0;
  const chunks = Number(typeof external === 'object' ? (external[file] ?? external[network] ?? 0) : external);
  const data = Array.from({ length: chunks }, (_, i) => `onnx/${file}_data${i === 0 ? '' : `_${i}`}`);
  return [`onnx/${file}`, ...data];
}
