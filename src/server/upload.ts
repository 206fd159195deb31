import type { Request, Response } from 'express';
import multer, { MulterError } from 'multer';
import { VivavoceError } from '../errors.ts';

export interface Form {
  /** The fields that are no file; `name[]` is a list called `name`. */
  readonly fields: unknown;
  readonly file: { readonly bytes: Uint8Array; readonly name: string; readonly type: string };
}

const MAX_FIELDS = 50;
const MAX_FIELD_BYTES = 64 * 1024;

/** Larger than this server takes: 413. */
export class TooLarge extends Error {
  readonly status = 413;
}

/**
 * Reads `multipart/form-data` with one file called `file`, in memory.
 *
 * @throws TooLarge, or VivavoceError `invalid_request` that says what is wrong with the form.
 */
export function formReader(maxBytes: number): (request: Request, response: Response) => Promise<Form> {
  const read = multer({
    storage: multer.memoryStorage(),
    limits: { fileSize: maxBytes, files: 1, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES },
  }).single('file');
  return async (request, response) => {
    if (!request.is('multipart/form-data'))
      throw refused('Send the file as multipart/form-data, in a field "file".');
    await new Promise<void>((resolve, reject) => {
      read(request, response, (error: unknown) => {
        if (error === undefined || error === null) resolve();
        else reject(toError(error, maxBytes));
      });
    });
    const { file } = request;
    if (!file) throw refused('There is no file: send it in a field "file".');
    return {
      fields: { ...request.body },
      file: { bytes: file.buffer, name: file.originalname, type: file.mimetype },
    };
  };
}

function toError(error: unknown, maxBytes: number): Error {
  if (error instanceof MulterError) {
    switch (error.code) {
      case 'LIMIT_FILE_SIZE':
        return new TooLarge(`The file is longer than ${maxBytes / 1024 / 1024} MB: send it in parts.`);
      case 'LIMIT_UNEXPECTED_FILE':
        return refused(`There is a file in the field "${error.field ?? ''}": send one, in a field "file".`);
      default:
        return refused(`The form cannot be read: ${error.message}.`);
    }
  }
  // Of a body that is cut off or is no form.
  return refused(`The form cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
}

function refused(message: string): VivavoceError {
  return new VivavoceError('invalid_request', message, { param: 'file' });
}
