import { QdrantCollection } from './qdrant-collection.ts';
import { badFormat, badRequest, notFound, QdrantError, wrongInput } from './qdrant-error.ts';
import { type Change, planChange } from './qdrant-writes.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the client under test has sent.
type Json = any;

const INDEX_TYPES = ['keyword', 'integer', 'float', 'bool', 'geo', 'datetime', 'text', 'uuid'];
/** The paths of single operations, without `/collections/{name}`, and what `/points/batch` calls them. */
const OPERATIONS: Readonly<Record<string, string>> = {
  'PUT /points': 'upsert',
  'POST /points/delete': 'delete',
  'POST /points/payload': 'set_payload',
  'PUT /points/payload': 'overwrite_payload',
  'POST /points/payload/delete': 'delete_payload',
  'POST /points/payload/clear': 'clear_payload',
  'PUT /points/vectors': 'update_vectors',
  'POST /points/vectors/delete': 'delete_vectors',
};

/** What a server keeps: it outlives a server that is stopped, as a disk does. */
export class QdrantDatabase {
  readonly collections = new Map<string, QdrantCollection>();
  /** Alias → collection. */
  readonly aliases = new Map<string, string>();
  /** Writes that were acknowledged and are not done yet. */
  readonly #waiting: (() => void)[] = [];
  #operation = 0;

  /** The result of a request, without its envelope. */
  answer(method: string, path: string, query: URLSearchParams, body: Json): unknown {
    // The server's reader of JSON takes no half of a pair; ours wrote it as an escape.
    if (/\\ud[89a-f]/i.test(JSON.stringify(body) ?? ''))
      throw badFormat('lone leading surrogate in hex escape');
    if (path === '/collections')
      return { collections: [...this.collections.keys()].map((name) => ({ name })) };
    if (path === '/aliases') return { aliases: this.#aliasesOf(null) };
    if (path === '/collections/aliases') return this.#changeAliases(body);
    const [, name = '', rest = ''] = /^\/collections\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (rest === '') return this.#collection(method, decodeURIComponent(name), body);
    return this.#inCollection(`${method} ${rest}`, decodeURIComponent(name), query, body);
  }

  /** Does what was acknowledged only. */
  settle(): void {
    for (const apply of this.#waiting.splice(0)) apply();
  }

  #collection(method: string, name: string, body: Json): unknown {
    const found = this.collections.get(this.aliases.get(name) ?? name);
    switch (method) {
      case 'PUT':
        if (found) throw new QdrantError(409, `Wrong input: Collection \`${name}\` already exists!`);
        this.collections.set(name, new QdrantCollection(body));
        return true;
      case 'DELETE': {
        for (const [alias, target] of this.aliases) if (target === name) this.aliases.delete(alias);
        return this.collections.delete(name);
      }
      case 'PATCH': {
        const { hnsw, strict } = this.#find(name);
        Object.assign(hnsw, body.hnsw_config);
        Object.assign(strict, body.strict_mode_config);
        return true;
      }
      default:
        return this.#find(name).info();
    }
  }

  #inCollection(route: string, name: string, query: URLSearchParams, body: Json): unknown {
    if (route === 'GET /exists') return { exists: this.collections.has(this.aliases.get(name) ?? name) };
    const collection = this.#find(name);
    const operation = OPERATIONS[route];
    if (operation) {
      const [result] = this.#write(collection, [{ [operation]: body }], query);
      return result;
    }
    switch (route) {
      case 'PUT /index':
        return this.#index(collection, body);
      case 'GET /aliases':
        return { aliases: this.#aliasesOf(name) };
      case 'POST /points/batch':
        return this.#write(collection, body.operations, query);
      case 'POST /points':
        return collection.retrieve(body);
      case 'POST /points/query':
        return collection.query(body);
      case 'POST /points/query/batch':
        return body.searches.map((search: Json) => collection.query(search));
      case 'POST /points/scroll':
        return collection.scroll(body);
      case 'POST /points/count':
        return collection.count(body);
    }
    const [, field] = /^DELETE \/index\/(.+)$/.exec(route) ?? [];
    if (field === undefined) throw new QdrantError(404, '');
    collection.schema.delete(field);
    return this.#done('completed');
  }

  #find(name: string): QdrantCollection {
    const found = this.collections.get(this.aliases.get(name) ?? name);
    if (!found) throw notFound(`Collection \`${name}\` doesn't exist!`);
    return found;
  }

  /**
   * Operations in their order, each checked before the first is done. One that fails when it is done (a point is not
   * there) leaves those before it done: there are no transactions.
   */
  #write(collection: QdrantCollection, operations: Json[], query: URLSearchParams): unknown[] {
    const changes: Change[] = operations.map((operation) => {
      const [[kind = '', body] = []] = Object.entries(operation);
      return planChange(collection, kind, body);
    });
    const isWaitedFor = query.get('wait') === 'true';
    const apply = () => {
      for (const change of changes) change(++this.#operation);
    };
    if (isWaitedFor) {
      this.settle();
      apply();
    } else this.#waiting.push(apply);
    return changes.map(() => this.#done(isWaitedFor ? 'completed' : 'acknowledged'));
  }

  #done(status: 'completed' | 'acknowledged') {
    return { operation_id: this.#operation, status };
  }

  #index(collection: QdrantCollection, { field_name, field_schema }: Json): unknown {
    const schema = typeof field_schema === 'string' ? { type: field_schema } : field_schema;
    if (!INDEX_TYPES.includes(schema?.type))
      throw badFormat('data did not match any variant of untagged enum PayloadFieldSchema');
    if (schema.is_tenant && !['keyword', 'uuid'].includes(schema.type))
      throw badFormat('data did not match any variant of untagged enum PayloadFieldSchema');
    collection.schema.set(field_name, schema);
    return this.#done('completed');
  }

  #changeAliases({ actions }: Json): true {
    for (const { create_alias, delete_alias } of actions) {
      if (delete_alias) {
        if (!this.aliases.delete(delete_alias.alias_name))
          throw notFound(`Alias \`${delete_alias.alias_name}\` doesn't exist!`);
        continue;
      }
      if (!create_alias) throw badRequest('the stand-in creates and deletes aliases only');
      const { alias_name, collection_name } = create_alias;
      if (!this.collections.has(collection_name))
        throw notFound(`Collection \`${collection_name}\` doesn't exist!`);
      if (this.collections.has(alias_name)) throw wrongInput(`Collection \`${alias_name}\` already exists!`);
      this.aliases.set(alias_name, collection_name);
    }
    return true;
  }

  #aliasesOf(collection: string | null) {
    return [...this.aliases]
      .filter(([, target]) => collection === null || target === collection)
      .map(([alias_name, collection_name]) => ({ alias_name, collection_name }));
  }
}
