import type { EngineStatus } from '../../../src/engine-status.ts';
import type { Readiness } from '../../../src/protocol/rest.ts';
import type {
  RestConversation,
  RestConversationItemList,
  RestConversationList,
  TranscriptFormat,
} from '../../../src/protocol/rest-conversations.ts';
import { errorOf, ServerUnreachable } from './rest-error.ts';

const DEADLINE_MS = 10_000;

interface Deps {
  /** `''` for the page's own origin. */
  readonly baseUrl: string;
  readonly token: () => string | null;
  /** A key is needed, or `token`, which was used, is not valid any more. */
  readonly onUnauthorized: (token: string | null) => void;
}

interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Everything the page asks by REST. Errors: RestError, ServerUnreachable, AbortError. */
export class RestClient {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Does nothing but fail when this page may not connect. */
  async probe(signal: AbortSignal): Promise<void> {
    await this.fetch('/v1/models', { signal });
  }

  async engines(): Promise<readonly EngineStatus[]> {
    // 503 is an answer too: it says what is missing.
    const response = await this.fetch('/readyz', {}, (status) => status === 503);
    return ((await response.json()) as Readiness).engines;
  }

  async conversations(after: string | null, limit: number): Promise<RestConversationList> {
    const cursor = after === null ? '' : `&after=${encodeURIComponent(after)}`;
    const response = await this.fetch(`/v1/conversations?limit=${limit}&order=desc${cursor}`);
    return (await response.json()) as RestConversationList;
  }

  async conversation(id: string): Promise<RestConversation> {
    const response = await this.fetch(pathOf(id));
    return (await response.json()) as RestConversation;
  }

  /** The newest items, or those before `before`; newest first. */
  async items(
    id: string,
    { before, signal }: { before?: string; signal?: AbortSignal } = {},
  ): Promise<RestConversationItemList> {
    const cursor = before === undefined ? '' : `&after=${encodeURIComponent(before)}`;
    const path = `${pathOf(id)}/items?limit=100&order=desc${cursor}`;
    const response = await this.fetch(path, signal ? { signal } : {});
    return (await response.json()) as RestConversationItemList;
  }

  async setMetadata(id: string, metadata: Record<string, string>): Promise<void> {
    await this.fetch(pathOf(id), { method: 'POST', body: { metadata } });
  }

  async deleteConversation(id: string): Promise<void> {
    await this.fetch(pathOf(id), { method: 'DELETE' });
  }

  async transcript(id: string, format: TranscriptFormat): Promise<Blob> {
    const response = await this.fetch(`${pathOf(id)}/transcript?format=${format}`);
    return await response.blob();
  }

  /** @param isFine whether an answer that is not ok is what was asked for all the same */
  async fetch(
    path: string,
    { method = 'GET', body, signal }: Request = {},
    isFine: (status: number) => boolean = () => false,
  ): Promise<Response> {
    const token = this.#deps.token();
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const response = await fetch(this.#deps.baseUrl + path, {
      method,
      headers: {
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new ServerUnreachable(error);
    });
    if (response.ok || isFine(response.status)) return response;
    // A token may have become invalid since: the server was restarted, with other keys or with none.
    if (response.status === 401) this.#deps.onUnauthorized(token);
    throw await errorOf(response);
  }
}

function pathOf(conversationId: string): string {
  return `/v1/conversations/${encodeURIComponent(conversationId)}`;
}
