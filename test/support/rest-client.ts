export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: a client of the wire, not of our types.
  readonly body: any;
}

/** A client of the REST routes with one key. */
export class RestClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, key: string | null = null) {
    this.#url = url;
    this.#headers = key === null ? {} : { authorization: `Bearer ${key}` };
  }

  async get(path: string): Promise<RestAnswer> {
    return await read(await this.open('GET', path));
  }

  async post(path: string, body?: unknown): Promise<RestAnswer> {
    return await read(await this.open('POST', path, body));
  }

  async patch(path: string, body?: unknown): Promise<RestAnswer> {
    return await read(await this.open('PATCH', path, body));
  }

  async delete(path: string): Promise<RestAnswer> {
    return await read(await this.open('DELETE', path));
  }

  /** The answer as soon as its head is there. A string goes as it is. */
  async open(
    method: string,
    path: string,
    body?: unknown,
    { signal, headers = {} }: { signal?: AbortSignal; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Response> {
    return await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...this.#headers,
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }
}

async function read(response: Response): Promise<RestAnswer> {
  const { status, headers } = response;
  const text = await response.text();
  const isJson = headers.get('content-type')?.startsWith('application/json') ?? false;
  return { status, headers, body: isJson ? JSON.parse(text) : text };
}
