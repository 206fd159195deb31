import type { WireEvent } from '../../support/realtime-client.ts';
import { RestClient } from '../../support/rest-client.ts';
import type { SpokenTurn } from './spoken-turn.ts';

type Said = Pick<SpokenTurn, 'conversationId' | 'question' | 'said'>;

/** What is not kept of these turns as it was said, once and in order. */
export async function lostOf(url: string, turns: readonly Said[]): Promise<string[]> {
  const client = new RestClient(url);
  const lost: string[] = [];
  for (const { conversationId, question, said } of turns) {
    const kept = wordsOf(await client.get(`/v1/conversations/${conversationId}/transcript?format=json`));
    const wanted = [`user: ${question}`, ...(said === '' ? [] : [`assistant: ${said}`])];
    if (JSON.stringify(kept) !== JSON.stringify(wanted)) {
      lost.push(`${JSON.stringify(kept)} is kept where ${JSON.stringify(wanted)} was said`);
    }
  }
  return lost;
}

/** Of a reply what was sent: who hangs up early has heard less. */
function wordsOf({ status, body }: { readonly status: number; readonly body: WireEvent }): string[] {
  if (status !== 200) return [`status ${status}`];
  return body.items.map(({ role, text, reply }: WireEvent) => `${role}: ${reply?.sent ?? text}`);
}
