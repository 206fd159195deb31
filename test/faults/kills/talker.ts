import { RealtimeClient } from '../../support/realtime-client.ts';
import { type RestAnswer, RestClient } from '../../support/rest-client.ts';
import { Ledger, wordsOf } from './ledger.ts';
import type { Random } from './random.ts';
import { type Saying, type SayingKind, sayingOf } from './sayings.ts';

/** Past so many conversations of one person the oldest are deleted. */
const MOST_CONVERSATIONS = 5;

/** What somebody does next, and how often. */
const ACTIONS = {
  ask: 5,
  askAloud: 4,
  cancel: 3,
  writeManyAtOnce: 2,
  truncate: 2,
  deleteItem: 2,
  addByRest: 2,
  deleteItemByRest: 1,
  beginByRest: 1,
  deleteConversation: 1,
  deleteThisConversation: 1,
  hangUp: 2,
} as const;

type Action = keyof typeof ACTIONS;

interface Deps {
  readonly name: string;
  readonly random: Random;
  /** A number that nobody else has had. */
  readonly nextNumber: () => number;
  /** Something has come from the service. */
  readonly onEvent: () => void;
}

/** Somebody who talks, changes their mind and clears up, and notes what they were told for certain. */
export class Talker {
  readonly ledger = new Ledger();
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  get name(): string {
    return this.#deps.name;
  }

  /** Talks until the service is gone, which `isOver` tells from a failure. */
  async talk(url: string, isOver: () => boolean): Promise<void> {
    try {
      for (;;) await this.#visit(url);
    } catch (error) {
      if (!isOver()) throw error;
    }
  }

  /** One connection, to a conversation that is there or to a new one. */
  async #visit(url: string): Promise<void> {
    const { name, random, onEvent } = this.#deps;
    const old = random.chance(0.6) ? random.pick(this.ledger.conversations) : undefined;
    const query = { user: name, ...(old !== undefined && { conversation: old }) };
    const client = await RealtimeClient.connect(url, { query });
    let conversationId = '';
    client.socket.on('message', (data) => {
      const event = JSON.parse(data.toString());
      if (event.type === 'conversation.created') conversationId = event.conversation.id;
      this.ledger.heard(conversationId, event);
      onEvent();
    });
    try {
      // The first events may have come before anybody listened.
      conversationId = (await client.next('conversation.created')).conversation.id;
      const visit = new Visit({ ...this.#deps, ledger: this.ledger, client, url, conversationId });
      while (await visit.act(random.weighted(ACTIONS)));
    } finally {
      // All that was sent before the end is read: what it confirms counts.
      if (client.socket.readyState === client.socket.OPEN) client.socket.close();
      await client.closed;
    }
  }
}

interface VisitDeps extends Deps {
  readonly ledger: Ledger;
  readonly client: RealtimeClient;
  readonly url: string;
  readonly conversationId: string;
}

class Visit {
  readonly #deps: VisitDeps;
  readonly #rest: RestClient;
  /** The newest answer of this connection that was spoken. */
  #spoken: string | null = null;

  constructor(deps: VisitDeps) {
    this.#deps = deps;
    this.#rest = new RestClient(deps.url);
  }

  /** False when the connection is to end. */
  async act(action: Action): Promise<boolean> {
    const { ledger, client, conversationId, random } = this.#deps;
    switch (action) {
      case 'ask':
        this.#ask('text');
        await this.#answer();
        return true;
      case 'askAloud':
        this.#ask('audio');
        this.#spoken = await this.#answer();
        return true;
      case 'cancel': {
        const modality = random.chance(0.5) ? 'text' : 'audio';
        const delta = modality === 'text' ? 'response.output_text.delta' : 'response.output_audio.delta';
        this.#ask(modality);
        for (let deltas = random.between(1, 8); deltas > 0; deltas--) await client.next(delta);
        client.send({ type: 'response.cancel' });
        await client.next('response.done');
        return true;
      }
      case 'writeManyAtOnce': {
        const ids = Array.from({ length: random.between(2, 6) }, () => this.#write());
        for (const id of ids) await client.next('conversation.item.done', ({ item }) => item.id === id);
        return true;
      }
      case 'truncate': {
        const id = this.#spoken;
        if (id === null || !ledger.itemsOf(conversationId).some((item) => item.id === id)) return true;
        ledger.cutting(id);
        const event = { item_id: id, content_index: 0, audio_end_ms: random.between(0, 1_500) };
        client.send({ type: 'conversation.item.truncate', ...event });
        await client.next('conversation.item.truncated');
        const { body } = await this.#call('GET', `/conversations/${conversationId}/items/${id}`);
        ledger.cut(id, wordsOf(body));
        return true;
      }
      case 'deleteItem': {
        const item = random.pick(ledger.itemsOf(conversationId));
        if (!item) return true;
        ledger.leaving(item.id);
        client.send({ type: 'conversation.item.delete', item_id: item.id });
        await client.next('conversation.item.deleted');
        return true;
      }
      case 'addByRest': {
        if (ledger.itemsOf(conversationId).length > 0) await this.#postItems(conversationId);
        return true;
      }
      case 'deleteItemByRest': {
        const item = random.pick(ledger.itemsOf(conversationId));
        if (!item) return true;
        ledger.leaving(item.id);
        await this.#call('DELETE', `/conversations/${conversationId}/items/${item.id}`);
        ledger.gone(item.id);
        return true;
      }
      case 'beginByRest':
        await this.#postItems(null);
        return true;
      case 'deleteConversation':
        for (const id of this.#tooMany()) await this.#deleteConversation(id);
        return true;
      case 'deleteThisConversation':
        if (!ledger.conversations.includes(conversationId)) return true;
        await this.#deleteConversation(conversationId);
        return false;
      case 'hangUp': {
        const deltas = random.between(0, 12);
        if (deltas === 0) return false;
        this.#ask('text');
        for (let left = deltas; left > 0; left--) await client.next('response.output_text.delta');
        return false;
      }
    }
  }

  /** The oldest, but not the one that is talked in. */
  #tooMany(): readonly string[] {
    const { ledger, conversationId } = this.#deps;
    const others = ledger.conversations.filter((id) => id !== conversationId);
    return others.slice(0, Math.max(0, others.length - MOST_CONVERSATIONS));
  }

  #something(): Saying {
    const { random, nextNumber } = this.#deps;
    const kind = random.weighted<SayingKind>({ request: 2, rule: 1, model: 1 });
    return sayingOf(kind, nextNumber());
  }

  #write(saying = this.#something()): string {
    const { ledger, client, conversationId } = this.#deps;
    const id = ledger.asked(saying, conversationId);
    client.write(saying.text, id);
    return id;
  }

  #ask(modality: 'text' | 'audio'): void {
    const { ledger, client, conversationId } = this.#deps;
    const saying = this.#something();
    this.#write(saying);
    ledger.answerAsked(saying, conversationId);
    client.send({ type: 'response.create', response: { output_modalities: [modality] } });
  }

  /** The id of the answer when it is done. */
  async #answer(): Promise<string | null> {
    const { response } = await this.#deps.client.next('response.done');
    // On a busy machine some are refused for want of room: nothing of them was confirmed.
    const isRefused = response.status_details?.error?.code === 'overloaded';
    if (response.status !== 'completed' && !isRefused)
      this.#deps.ledger.complaints.push(
        `a response is ${response.status}: ${JSON.stringify(response.status_details)}`,
      );
    return response.output[0]?.id ?? null;
  }

  /** Some messages at once, all or none of them: into a conversation, or as the beginning of a new one. */
  async #postItems(conversationId: string | null): Promise<void> {
    const { ledger, random } = this.#deps;
    const items = Array.from({ length: random.between(1, 3) }, () => {
      const saying = this.#something();
      const id = ledger.asked(saying, conversationId);
      return { id, role: 'user', content: saying.text };
    });
    const path = conversationId === null ? '/conversations' : `/conversations/${conversationId}/items`;
    const { body } = await this.#call('POST', path, { items });
    for (const { id } of items) ledger.keptIn(conversationId ?? body.id, id);
  }

  async #deleteConversation(id: string): Promise<void> {
    this.#deps.ledger.conversationLeaving(id);
    await this.#call('DELETE', `/conversations/${id}`);
    this.#deps.ledger.conversationGone(id);
  }

  async #call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<RestAnswer> {
    const address = `/v1${path}?user=${this.#deps.name}`;
    const answer = await (method === 'GET'
      ? this.#rest.get(address)
      : method === 'POST'
        ? this.#rest.post(address, body)
        : this.#rest.delete(address));
    if (answer.status === 200) return answer;
    throw new Error(`${method} ${address}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}
