import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { Service } from '../support/service.ts';

/** Not on about:blank, which has no storage. */
const VOICE_OFF = "if (location.protocol === 'http:') localStorage.setItem('vivavoce.voice', 'off')";

const chromium = findChromium();
if (chromium === null) {
  const reason = 'there is no Chromium on the PATH; install it or set CHROMIUM to its path';
  if (process.env.CI === 'true') throw new Error(`The page cannot be tested: ${reason}.`);
  process.stderr.write(`skipped test/e2e/page.test.ts: ${reason}\n`);
}

const KEY = 'a-key-for-this-test';

describe.skipIf(chromium === null)('the page in a real browser', { timeout: 60_000 }, () => {
  let service: Service;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    [service, browser] = await Promise.all([Service.start(), launchChromium(chromium ?? '')]);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await service[Symbol.asyncDispose]();
  });

  afterEach(() => {
    expect(complaints.splice(0), 'the console of the browser').toEqual([]);
  });

  /** A browser of its own, as another person would have. What its console complains of fails the test. */
  async function newContext(): Promise<BrowserContext> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    return context;
  }

  async function openPage(url = service.url): Promise<Page> {
    const page = await (await newContext()).newPage();
    await page.goto(url);
    return page;
  }

  /** For what has nothing to do with sound: an answer that is read out is over when it has been heard. */
  async function openQuietly(url: string): Promise<Page> {
    const context = await newContext();
    await context.addInitScript({ content: VOICE_OFF });
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  it('answers in writing and aloud', async () => {
    const page = await openPage();
    await write(page, 'Hello! Who are you?');
    await page.locator('.agent .text', { hasText: 'Vivavoce' }).waitFor();
    await page.locator('[data-playback="playing"]').waitFor();
    expect(await audibleSamples(page, 2_400)).toBeGreaterThan(2_400);
  });

  it('falls silent at once when it is stopped, and knows what was heard', async () => {
    const page = await openPage();
    // A second of it: who stops within the first word has heard nothing.
    await write(page, 'What can you do for me?');
    await audibleSamples(page, 24_000);
    await page.keyboard.press('Escape');
    expect(await page.locator('.app').getAttribute('data-playback')).toBe('idle');
    const note = page.locator('.agent .note');
    await note.waitFor();
    const { text, unheard } = await page.locator('.agent .text').evaluate((element) => ({
      text: element.textContent ?? '',
      unheard: element.querySelector('.unheard')?.textContent ?? '',
    }));
    expect(unheard).not.toBe('');
    expect(text.endsWith(unheard)).toBe(true);
    expect(text.length).toBeGreaterThan(unheard.length);
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });

    await page.reload();
    const heard = page.locator('.agent .text');
    await heard.waitFor();
    expect((await heard.innerText()).trim()).toBe(text.slice(0, text.length - unheard.length).trim());
  });

  it('is interrupted by the next message', async () => {
    const page = await openPage();
    await write(page, 'What can you do for me?');
    await audibleSamples(page, 1);
    await write(page, 'What is 2 plus 3?');
    await page.locator('.agent .text', { hasText: '2 plus 3 is 5' }).waitFor();
    await page.locator('[data-playback="playing"]').waitFor();
    await page.locator('.agent').first().locator('.unheard').waitFor();
    expect(await page.locator('.user').count()).toBe(2);
    expect(await page.locator('.problem').count()).toBe(0);
  });

  it('is silent when the voice is off, and stays so', async () => {
    const page = await openPage();
    const toggle = page.getByRole('button', { name: 'Speak the answers' });
    await toggle.click();
    await page.reload();
    expect(await toggle.getAttribute('aria-pressed')).toBe('false');
    await write(page, 'Hello!');
    await page.locator('.agent[data-status="completed"]').waitFor();
    await page.locator('.trace').waitFor();
    expect(await page.locator('.app').getAttribute('data-audible-samples')).toBe('0');
    expect(await page.locator('.app').getAttribute('data-playback')).toBe('idle');
  });

  it('lists a conversation by its first words, opens it again, and deletes it', async () => {
    const page = await openPage();
    const title = `Remember number ${Date.now()}`;
    await write(page, title);
    await page.locator('.agent[data-status="completed"]').waitFor();
    const listed = page.locator('.conversation', { hasText: title });
    await listed.waitFor();
    const text = await page.locator('.agent .text').innerText();

    await page.goto(service.url);
    await page.locator('[data-connection="open"]').waitFor();
    expect(await page.locator('.message').count()).toBe(0);
    await listed.click();
    await page.locator('.agent').waitFor();
    expect(await page.locator('.user .bubble').innerText()).toBe(title);
    expect(text).toContain(await page.locator('.agent .text').innerText());
    await page.locator('[data-connection="open"]').waitFor();
    await write(page, 'What is 2 plus 2?');
    await page.locator('.agent[data-status="completed"]').nth(1).waitFor();

    const download = page.waitForEvent('download');
    await page
      .locator('summary', { has: page.locator('.icon') })
      .first()
      .click();
    await page.getByRole('button', { name: 'Markdown' }).click();
    expect((await download).suggestedFilename()).toBe(`${title}.md`);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: `Delete “${title}”` }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await listed.waitFor({ state: 'detached' });
    expect(await page.locator('.message').count()).toBe(0);
  });

  it('says which engines are running, and what to do without a language model', async () => {
    const page = await openPage();
    await page.getByRole('complementary', { name: 'No language model' }).waitFor();
    await page.locator('.engines summary').click();
    const panel = await page.locator('.engine-list').innerText();
    expect(panel).toContain('Voice: flite');
    expect(panel).toContain('Language model: offline');
    await page.getByRole('region', { name: 'Guards' }).getByText('Voice: flite').waitFor();
  });

  it('shows the description of the API', async () => {
    const page = await openPage(`${service.url}/docs`);
    await page.getByText('/v1/conversations/{conversation_id}/transcript').first().waitFor();
  });

  it('goes on with an answer in the middle of which the network failed', async () => {
    await using proxy = await new FaultProxy(service.url).start();
    const page = await openPage(proxy.url);
    await write(page, 'What can you do for me?');
    const heard = await audibleSamples(page, 2_400);
    const comesBack = page.waitForEvent('websocket', (socket) => socket.url().includes('resume='));
    proxy.dropAll();
    await comesBack;
    await page.locator('[data-connection="open"]').waitFor();
    await page.locator('.agent[data-status="completed"] .trace').waitFor();
    await audibleSamples(page, heard + 24_000);
    expect(await page.locator('.message').count()).toBe(2);
    // Neither stopped nor failed, and nothing that the page would have to explain.
    expect(await page.locator('.note, .problem').count()).toBe(0);
  });

  it('comes back after the server did, with what was written meanwhile', async () => {
    const dataDir = service.dataDir;
    await using first = await Service.start({ DATA_DIR: `${dataDir}-restart` });
    const page = await openQuietly(first.url);
    await write(page, 'Hello!');
    await page.locator('.agent[data-status="completed"]').waitFor();
    const { port } = first;
    await first.stop();
    await page.locator('[data-connection="waiting"]').waitFor();
    await write(page, 'What is 6 times 7?');
    await page.locator('.user[data-state="queued"]').waitFor();
    await using _second = await Service.start({ DATA_DIR: `${dataDir}-restart`, PORT: port });
    await page.locator('[data-connection="open"]').waitFor();
    const answer = page.locator('.agent[data-status="completed"]').nth(1);
    await answer.waitFor();
    expect(await answer.locator('.trace summary').innerText()).toMatch(/ · \d+ tokens/);
    expect(await page.locator('.user[data-state="stored"]').count()).toBe(2);
    expect(await answer.locator('.text').innerText()).toMatch(/42|forty/i);
    await page.context().close();
    // That the server was away is what the console has to complain of here.
    expect(complaints.splice(0).filter((text) => !text.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
  });

  it('asks for a key where one is needed, and gets in with it', async () => {
    await using locked = await Service.start({ API_KEYS: `alice:${KEY}` });
    const page = await openQuietly(locked.url);
    const field = page.getByLabel('API key');
    await field.fill('not-the-key-of-this');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('That key was not accepted.').waitFor();
    await field.fill(KEY);
    await page.keyboard.press('Enter');
    await page.locator('[data-connection="open"]').waitFor();
    await write(page, 'Hello!');
    await page.locator('.agent[data-status="completed"]').waitFor();
    await page.locator('.conversation', { hasText: 'Hello!' }).waitFor();
    const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
    expect(kept).toContain('ek_');
    expect(kept).not.toContain(KEY);

    await page.reload();
    await page.locator('[data-connection="open"]').waitFor();
    await page.locator('.agent').waitFor();
    await page.context().close();
    // 401 is how the page learns that a key is needed.
    expect(complaints.splice(0).filter((text) => !text.includes('401'))).toEqual([]);
  });
});

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text);
  await page.keyboard.press('Enter');
}

/** Waits until at least `count` samples above silence have left through the speaker. */
async function audibleSamples(page: Page, count: number): Promise<number> {
  const heard = async () => Number(await page.locator('.app').getAttribute('data-audible-samples'));
  await expect.poll(heard, { timeout: 20_000, interval: 20 }).toBeGreaterThanOrEqual(count);
  return await heard();
}
