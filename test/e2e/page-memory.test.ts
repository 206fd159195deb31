import { readFile } from 'node:fs/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { NewMemory } from '../../src/memory/memory.ts';
import { memoryId } from '../../src/memory/memory-id.ts';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { MemoriesApp } from '../support/memories-app.ts';
import { Service } from '../support/service.ts';

/** Not on about:blank, which has no storage. */
const VOICE_OFF = "if (location.protocol === 'http:') localStorage.setItem('vivavoce.voice', 'off')";

const chromium = findChromium();
if (chromium === null) {
  const reason = 'there is no Chromium on the PATH; install it or set CHROMIUM to its path';
  if (process.env.CI === 'true') throw new Error(`The page cannot be tested: ${reason}.`);
  process.stderr.write(`skipped test/e2e/page-memory.test.ts: ${reason}\n`);
}

const OWNER = { key: 'local', user: 'local' };
const home = { kind: 'profile', attribute: 'home' } as const;

/** The page on a server that has a memory and nothing else: no conversation is needed to look into it. */
describe.skipIf(chromium === null)('what it knows about me, on the page', { timeout: 60_000 }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium(chromium ?? '');
  }, 60_000);
  afterAll(() => browser.close());

  async function serve(): Promise<MemoriesApp> {
    const app = await MemoriesApp.start();
    onTestFinished(() => app[Symbol.asyncDispose]());
    return app;
  }

  /** As the extraction does it. */
  async function learn(app: MemoriesApp, text: string, more: Partial<NewMemory> = {}): Promise<NewMemory> {
    await app.clock.advance(60_000);
    const source = { conversationId: 'conv_1', itemId: 'item_1' };
    const atMs = app.clock.nowMs();
    const memory: NewMemory = {
      ...{ id: memoryId(OWNER, source, text), kind: 'fact', text, subject: 'user', attribute: null },
      ...{ value: null, importance: 0.5, validAtMs: atMs, createdAtMs: atMs, source, context: '' },
      ...more,
    };
    await app.keeper.apply(OWNER, [{ type: 'add', memory, supersedes: [] }]);
    return memory;
  }

  async function openPanel(app: MemoriesApp): Promise<{ page: Page; panel: Locator }> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(app.url);
    await page.getByRole('button', { name: 'What it knows about me' }).click();
    return { page, panel: page.getByRole('dialog', { name: 'What it knows about me' }) };
  }

  /** A memory that is shown; the text in a form is none. */
  const cardOf = (panel: Locator, text: string) => panel.locator('.memory-text', { hasText: text });

  const remembered = async (app: MemoriesApp) => {
    const { data } = await app.keeper.list(OWNER, { limit: 100, order: 'asc', withHistory: false });
    return data.map(({ text }) => text);
  };

  it('is read, with who I am before the rest, and closed by Escape', async () => {
    const app = await serve();
    await learn(app, 'The user lives in Oslo.', { ...home, value: 'Oslo' });
    await learn(app, 'The user has a dog.');
    await learn(app, 'The user likes tea.', { kind: 'preference' });
    const { page, panel } = await openPanel(app);
    await cardOf(panel, 'The user likes tea.').waitFor();
    expect(await panel.locator('.memory-text').allInnerTexts()).toEqual([
      'The user lives in Oslo.',
      'The user likes tea.',
      'The user has a dog.',
    ]);
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.innerText.trim()')).toBe('What it knows about me');
  });

  it('says that there is nothing, and takes what I write down', async () => {
    const app = await serve();
    const { page, panel } = await openPanel(app);
    await panel.getByText('Nothing yet.').waitFor();
    await panel.getByRole('button', { name: 'Add a memory' }).click();
    await panel.getByLabel('Something it should know').fill('The user sings\nin a choir.');
    await page.keyboard.press('Enter');
    await cardOf(panel, 'The user sings in a choir.').waitFor();
    await panel.getByText('written by hand').waitFor();
    expect(await remembered(app)).toEqual(['The user sings in a choir.']);
  });

  it('is corrected where it stands; Escape leaves the form and not the panel', async () => {
    const app = await serve();
    await learn(app, 'The user lives in Oslo.', { ...home, value: 'Oslo' });
    const { page, panel } = await openPanel(app);
    const correct = panel.getByRole('button', { name: 'Correct “The user lives in Oslo.”' });
    await correct.click();
    await panel.getByLabel('Correct it').fill('Something else');
    await page.keyboard.press('Escape');
    await cardOf(panel, 'The user lives in Oslo.').waitFor();
    await correct.click();
    await panel.getByLabel('Correct it').fill('The user lives in Bergen.');
    await panel.getByLabel('home').fill('Bergen');
    await panel.getByRole('button', { name: 'Save' }).click();
    await cardOf(panel, 'The user lives in Bergen.').waitFor();
    const [memory] = await app.keeper.profile(OWNER, AbortSignal.timeout(1_000));
    expect(memory).toMatchObject({ text: 'The user lives in Bergen.', value: 'Bergen', attribute: 'home' });
  });

  it('keeps the value of what is only said in other words, and drops it where they do not say it', async () => {
    const app = await serve();
    await learn(app, 'The user live in Oslo.', { ...home, value: 'Oslo' });
    const { page, panel } = await openPanel(app);
    const valueAfter = async (text: string) => {
      await panel.getByRole('button', { name: 'Correct “' }).click();
      await panel.getByLabel('Correct it').fill(text);
      await page.keyboard.press('Enter');
      await cardOf(panel, text).waitFor();
      return (await app.keeper.profile(OWNER, AbortSignal.timeout(1_000))).map(({ value }) => value);
    };
    expect(await valueAfter('The user lives in Oslo now.')).toEqual(['Oslo']);
    expect(await valueAfter('The user lives in Bergen.')).toEqual([null]);
  });

  it('shows what was thought before, and what no longer holds', async () => {
    const app = await serve();
    await learn(app, 'The user lives in Berlin.', { ...home, value: 'Berlin' });
    await learn(app, 'The user lives in Oslo.', { ...home, value: 'Oslo' });
    const { id } = await learn(app, 'The user has a cold.');
    await app.keeper.apply(OWNER, [{ type: 'end', id, atMs: app.clock.nowMs() }]);
    const { panel } = await openPanel(app);
    await panel.getByText('1 older version').click();
    await panel.getByText('The user lives in Berlin.').waitFor();
    await panel.getByText('What no longer holds (1)').click();
    await panel.getByText('The user has a cold.').waitFor();
  });

  it('is deleted after a second look', async () => {
    const app = await serve();
    await learn(app, 'The user has a secret.');
    const { panel } = await openPanel(app);
    const remove = panel.getByRole('button', { name: 'Delete “The user has a secret.”' });
    await remove.click();
    await panel.getByRole('button', { name: 'Keep it' }).click();
    expect(await remembered(app)).toHaveLength(1);
    await remove.click();
    await panel.getByRole('button', { name: 'Delete', exact: true }).click();
    await panel.getByText('Nothing yet.').waitFor();
    expect(await remembered(app)).toEqual([]);
  });

  it('is searched while I type', async () => {
    const app = await serve();
    await learn(app, 'The sister of the user is Ada.');
    await learn(app, 'The user has a dog.');
    const { panel } = await openPanel(app);
    const box = panel.getByLabel('Search what it knows');
    await box.pressSequentially('sister');
    await cardOf(panel, 'The user has a dog.').waitFor({ state: 'detached' });
    await cardOf(panel, 'The sister of the user is Ada.').waitFor();
    await box.fill('zebra');
    await panel.getByText('Nothing about that.').waitFor();
    await box.fill('');
    await cardOf(panel, 'The user has a dog.').waitFor();
  });

  it('is downloaded, one memory on each line', async () => {
    const app = await serve();
    await learn(app, 'The user has a dog.');
    await learn(app, 'The user has a cat.');
    const { page, panel } = await openPanel(app);
    const download = page.waitForEvent('download');
    await panel.getByRole('button', { name: 'Download everything' }).click();
    expect((await download).suggestedFilename()).toBe('memories.ndjson');
    const lines = (await readFile(await (await download).path(), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).text)).toEqual([
      'The user has a dog.',
      'The user has a cat.',
    ]);
  });

  it('says when the conversation is gone that it comes from', async () => {
    const app = await serve();
    await learn(app, 'The user has a dog.');
    const { panel } = await openPanel(app);
    await panel.getByRole('button', { name: 'a conversation' }).click();
    await panel.getByText('from a conversation that is deleted').waitFor();
  });

  it('is erased after a word that nobody types by mistake, and begins afresh when that is done', async () => {
    const app = await serve();
    await learn(app, 'The user has a secret.');
    const { page, panel } = await openPanel(app);
    await panel.getByRole('button', { name: 'Erase everything…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Erase everything?' });
    const erase = dialog.getByRole('button', { name: 'Erase everything' });
    expect(await erase.isDisabled()).toBe(true);
    await dialog.getByLabel('Type everything').fill('Everything');
    const asked = page.waitForResponse((response) => response.url().includes('confirm=everything'));
    await erase.click();
    const { id } = await (await asked).json();
    await dialog.getByText('Erasing.').waitFor();
    await app.keeper.eraseAll(OWNER);
    app.erasing.complete(id);
    await panel.waitFor({ state: 'detached' });
    await page.locator('.welcome').waitFor();
    await page.getByRole('button', { name: 'What it knows about me' }).click();
    await panel.getByText('Nothing yet.').waitFor();
  });

  it('says what is wrong, and tries again when I ask for it', async () => {
    const app = await serve();
    await learn(app, 'The user has a dog.');
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const failure = {
      error: { message: 'The disk is full.', type: 'server_error', code: null, param: null },
    };
    await page.route('**/v1/memories**', (route) => route.fulfill({ status: 500, json: failure }));
    await page.goto(app.url);
    await page.getByRole('button', { name: 'What it knows about me' }).click();
    const panel = page.getByRole('dialog', { name: 'What it knows about me' });
    await panel.getByText('The disk is full.').waitFor();
    await page.unroute('**/v1/memories**');
    await panel.getByRole('button', { name: 'Try again' }).click();
    await cardOf(panel, 'The user has a dog.').waitFor();
    expect(await panel.getByText('The disk is full.').count()).toBe(0);
  });
});

describe.skipIf(chromium === null)(
  'what was remembered, on the page of a whole service',
  { timeout: 60_000 },
  () => {
    it('stands beside the answer, leads to where it was said, and is gone when it is erased', async () => {
      await using service = await Service.start();
      await using resources = new AsyncDisposableStack();
      const browser = resources.adopt(await launchChromium(chromium ?? ''), (opened) => opened.close());
      const page = await browser.newPage();
      // An answer that is read out is over when it has been heard.
      await page.addInitScript({ content: VOICE_OFF });
      await page.goto(service.url);
      await write(page, 'My name is Alice and I live in Berlin.');
      const told = new URL(page.url()).hash;
      await page.getByRole('button', { name: 'New conversation' }).click();
      await write(page, 'Where do I live?');
      const answer = page.locator('.agent').last();
      expect(await answer.locator('.text').innerText()).toContain('Berlin');
      await answer.locator('.recall summary').click();
      expect(await answer.locator('.recall li').allInnerTexts()).toContainEqual(
        expect.stringContaining('Berlin'),
      );

      await answer.getByRole('button', { name: 'All that it knows' }).click();
      const home = page.locator('.memory-card', { hasText: 'The user lives in Berlin.' });
      await home.getByRole('button', { name: /^“My name is Alice/ }).click();
      await page.locator('.bubble', { hasText: 'My name is Alice' }).waitFor();
      expect(new URL(page.url()).hash).toBe(told);

      await page.getByRole('button', { name: 'What it knows about me' }).click();
      await page.getByRole('button', { name: 'Erase everything…' }).click();
      await page.getByLabel('Type everything').fill('everything');
      await page.getByRole('button', { name: 'Erase everything', exact: true }).click();
      await page.locator('.memory-panel').waitFor({ state: 'detached' });
      await page.locator('.conversation').first().waitFor({ state: 'detached' });
      await write(page, 'Where do I live?');
      expect(await page.locator('.agent .text').innerText()).not.toContain('Berlin');
    });
  },
);

/** Types and sends it, and waits for the whole answer. */
async function write(page: Page, text: string): Promise<void> {
  const answers = page.locator('.agent[data-status="completed"]');
  const before = await answers.count();
  await page.getByLabel('Your message').fill(text);
  await page.keyboard.press('Enter');
  await answers.nth(before).waitFor();
}
