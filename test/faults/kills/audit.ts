import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { WireEvent } from '../../support/realtime-client.ts';
import { RestClient } from '../../support/rest-client.ts';
import { type StoredItem, wordsOf } from './ledger.ts';

/** What no row may be like, as SQL that finds those that are. */
const CONVERSATIONS = {
  'items without a conversation':
    'SELECT items.id FROM items LEFT JOIN conversations ON conversations.seq = items.conversation WHERE conversations.seq IS NULL',
  'items that are open': `SELECT id FROM items WHERE status = 'in_progress'`,
  'items that are there twice': 'SELECT id FROM items GROUP BY id HAVING count(*) > 1',
  'conversations that belong to nobody': `SELECT id FROM conversations WHERE owner_key = ''`,
  'messages that nothing can be learned from': `SELECT id FROM items WHERE memory_stage = 'quarantined'`,
  'summaries without a conversation':
    'SELECT conversation FROM summaries WHERE conversation NOT IN (SELECT seq FROM conversations)',
} as const;

const MEMORIES = {
  'memories without an owner': 'SELECT id FROM memories WHERE owner NOT IN (SELECT seq FROM owners)',
  'words without a memory': 'SELECT term FROM postings WHERE memory NOT IN (SELECT seq FROM memories)',
  'memories without their words': `SELECT id FROM memories
    WHERE invalid_at_ms IS NULL AND terms != '' AND seq NOT IN (SELECT memory FROM postings)`,
} as const;

const WAITING = `SELECT (SELECT count(*) FROM items WHERE memory_stage IN ('new', 'noted'))
  + (SELECT count(*) FROM decided_changes) + (SELECT count(*) FROM conversations WHERE owner_key = '') AS count`;

/** How many messages and changes are still on their way into the memory, and conversations on their way out. */
export function waitingIn(folder: string): number {
  using db = open(folder, 'conversations.db');
  return (db.prepare(WAITING).get() as { count: number }).count;
}

/** What is wrong with the files themselves, in words. They may be in use. */
export function damageIn(folder: string): string[] {
  return [...damage(folder, 'conversations.db', CONVERSATIONS), ...damage(folder, 'memory.db', MEMORIES)];
}

function damage(folder: string, file: string, rules: Readonly<Record<string, string>>): string[] {
  using db = open(folder, file);
  const wrong: string[] = [];
  for (const { integrity_check: finding } of db.prepare('PRAGMA integrity_check').all())
    if (finding !== 'ok') wrong.push(`${file}: ${finding}`);
  for (const row of db.prepare('PRAGMA foreign_key_check').all())
    wrong.push(`${file}: a row refers to nothing: ${JSON.stringify(row)}`);
  for (const [what, sql] of Object.entries(rules)) {
    const rows = db.prepare(sql).all();
    if (rows.length > 0) wrong.push(`${file}: ${rows.length} ${what}: ${JSON.stringify(rows[0])}`);
  }
  return wrong;
}

function open(folder: string, file: string): DatabaseSync {
  return new DatabaseSync(join(folder, file), { readOnly: true, timeout: 5_000 });
}

/** What left of each answer, which no route shows once less of it was heard. */
export function sentIn(folder: string): ReadonlyMap<string, string> {
  using db = open(folder, 'conversations.db');
  const rows = db
    .prepare("SELECT id, body ->> '$.reply.sent' AS sent FROM items WHERE role = 'assistant'")
    .all();
  return new Map(rows.map(({ id, sent }) => [id as string, sent as string]));
}

/** Everything of one person as the service shows it: the items of each conversation in their order. */
export async function storedOf(
  url: string,
  user: string,
  sent: ReadonlyMap<string, string>,
): Promise<Map<string, readonly StoredItem[]>> {
  const stored = new Map<string, readonly StoredItem[]>();
  for (const { id } of await listed(url, '/v1/conversations', user)) {
    const items = await listed(url, `/v1/conversations/${id}/items`, user);
    stored.set(
      id,
      items.map((item) => ({
        ...{ id: item.id, role: item.role, status: item.status, words: wordsOf(item) },
        sent: sent.get(item.id) ?? null,
      })),
    );
  }
  return stored;
}

/** The texts of all that is remembered of one person. */
export async function rememberedOf(url: string, user: string): Promise<string[]> {
  return (await listed(url, '/v1/memories', user, '&history=true')).map(({ text }) => text);
}

async function listed(url: string, path: string, user: string, more = ''): Promise<WireEvent[]> {
  const rest = new RestClient(url);
  const entries: WireEvent[] = [];
  for (let after = '', hasMore = true; hasMore; ) {
    const { status, body } = await rest.get(`${path}?user=${user}&order=asc&limit=100${more}${after}`);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    entries.push(...body.data);
    after = `&after=${body.last_id}`;
    hasMore = body.has_more;
  }
  return entries;
}
