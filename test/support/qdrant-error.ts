/** What Qdrant answers instead of a result. */
export class QdrantError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function wrongInput(message: string): QdrantError {
  return new QdrantError(400, `Wrong input: ${message}`);
}

/** A body that cannot be read as what it should be. */
export function badFormat(message: string): QdrantError {
  return new QdrantError(400, `Format error in JSON body: ${message} at line 1 column 1`);
}

/** A body that can be read, and has a value that may not be. */
export function invalid(field: string, problem: string): QdrantError {
  return new QdrantError(422, `Validation error in JSON body: [${field}: ${problem}]`);
}

export function badRequest(message: string): QdrantError {
  return new QdrantError(400, `Bad request: ${message}`);
}

export function strictMode(message: string, help: string): QdrantError {
  return badRequest(`${message}. Help: ${help}`);
}

export function notFound(message: string): QdrantError {
  return new QdrantError(404, `Not found: ${message}`);
}
