import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readAgent } from '../src/agent-file.ts';
import { tempDir } from './conversation/temp-dir.ts';

async function agentOf(content: unknown) {
  await using dir = await tempDir();
  const path = dir.file('agent.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return await readAgent(path);
}

test('without a file the agent is Vivavoce, warm and brief, without a greeting', async () => {
  const agent = await readAgent(undefined);
  expect(agent).toMatchObject({ name: 'Vivavoce', voice: null, greeting: null });
  expect(agent.instructions).toMatch(/^You are Vivavoce, a warm/);
  expect(agent.instructions).toContain('briefly');
});

test('a name alone makes the same persona with that name', async () => {
  const agent = await agentOf({ name: 'Berta' });
  expect(agent.name).toBe('Berta');
  expect(agent.instructions).toMatch(/^You are Berta, a warm/);
});

test('what the file says is taken as it is', async () => {
  const file = {
    name: 'Berta',
    instructions: 'Be dry.',
    voice: 'slt',
    greeting: 'Grüß Gott!',
    pronunciations: { SQL: 'sequel' },
  };
  expect(await agentOf(file)).toEqual(file);
});

test('a file that begins with a byte order mark is read', async () => {
  expect((await agentOf('\ufeff{"name":"Berta"}')).name).toBe('Berta');
});

describe('a file that cannot be used is named with what is wrong:', () => {
  test.each([
    ['no JSON', '{"name":', /JSON/],
    ['a list', [], /object/],
    ['a field that there is not', { name: 'Berta', greetings: 'Hi' }, /greetings/],
    ['a field of another type', { voice: 7 }, /voice/],
    ['empty instructions', { instructions: '' }, /instructions/],
  ])('%s', async (_name, content, what) => {
    await expect(agentOf(content)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^AGENT_FILE \S+agent\.json: /),
    });
    await expect(agentOf(content)).rejects.toThrow(what);
  });

  test('none at all', async () => {
    await expect(readAgent('/nowhere/agent.json')).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^AGENT_FILE \/nowhere\/agent\.json: .*no such file/),
    });
  });
});
