import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { FliteVoice } from '../../src/speech/tts/flite-voice.ts';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { MicrophoneFile } from '../support/microphone-file.ts';
import { PageWatch } from '../support/page-watch.ts';
import { Service } from '../support/service.ts';
import { hasPocketSphinx } from '../support/sphinx.ts';

const chromium = findChromium();
if (chromium === null) {
  const reason = 'there is no Chromium on the PATH; install it or set CHROMIUM to its path';
  if (process.env.CI === 'true') throw new Error(`The microphone of the page cannot be tested: ${reason}.`);
  process.stderr.write(`skipped test/e2e/page-voice.test.ts: ${reason}\n`);
}
const canRun = chromium !== null && (await hasPocketSphinx());

const KEY = 'a-key-for-this-test';
/** A name that is not of this machine, and leads to it: a page from there is not to be trusted with a microphone. */
const ELSEWHERE = 'agent.test';
/** What the console complains of: 401 is how the page learns that a key is needed; the others are for https only. */
const WITHOUT_KEY = /401|Cross-Origin-Opener-Policy|Origin-Agent-Cluster/;
/** What it says of a connection that was lost. */
const LOST = /WebSocket|ERR_/;
const NOTHING = /^(?!)/;

describe.skipIf(!canRun)('the microphone of the page in a real browser', { timeout: 60_000 }, () => {
  const resources = new AsyncDisposableStack();
  let service: Service;
  /** Somebody sits in front of it who greets, listens for a while and interrupts. */
  let occupied: Browser;

  beforeAll(async () => {
    const started = Service.start({ STT: 'pocketsphinx', VAD: 'silero' });
    const voice = resources.use(new FliteVoice());
    const file = resources.use(
      await MicrophoneFile.create(voice, [
        1_500,
        'Hello there, my name is Alice.',
        5_000,
        'Stop, that is enough.',
        20_000,
      ]),
    );
    service = resources.use(await started);
    occupied = resources.use(await launchChromium(chromium ?? '', file.args));
  }, 60_000);

  afterAll(() => resources.disposeAsync());

  /** What the console complains of fails the test, but for what is `expected`. */
  async function newContext(test: TestContext, browser: Browser, expected: RegExp): Promise<BrowserContext> {
    const context = await browser.newContext();
    const complaints: string[] = [];
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    test.onTestFinished(async () => {
      await context.close();
      const unexpected = complaints.filter((text) => !expected.test(text));
      expect(unexpected, 'the console of the browser').toEqual([]);
    });
    return context;
  }

  async function openPage(
    test: TestContext,
    { browser = occupied, url = service.url, expected = NOTHING } = {},
  ): Promise<{ page: Page; watch: PageWatch }> {
    const page = await (await newContext(test, browser, expected)).newPage();
    page.setDefaultTimeout(40_000);
    const watch = await PageWatch.of(page);
    await page.goto(url);
    return { page, watch };
  }

  it('hears, shows what it understands while it is said, and answers aloud', async (test) => {
    const { page, watch } = await openPage(test);
    await turnOn(page);
    await page.locator('.user[data-speech="tentative"]', { hasText: /hello/i }).waitFor();
    const said = page.locator('.user[data-speech="understood"][data-state="stored"]');
    await said.waitFor();
    expect(await said.innerText()).toMatch(/^hello.* my name is alice/i);
    await page.locator('.agent .text', { hasText: 'Alice' }).waitFor();
    await page.locator('[data-playback="playing"]').waitFor();
    await page.locator('[data-activity="speaking"]').waitFor();
    await watch.audibleSamples(24_000);
    const reports = watch.sentOf('vivavoce.playback.reported');
    expect(reports.length).toBeGreaterThanOrEqual(5);
    expect(reports.every(({ is_playing: isPlaying }) => isPlaying)).toBe(true);
    const places = reports.map(({ audio_played_ms: ms }) => ms);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places.at(-1)).toBeGreaterThan(800);
    expect(await page.locator('.user').count()).toBe(1);
    expect(await page.locator('.problem').count()).toBe(0);
  });

  it.concurrent('hears a sentence whole although the network fails twice in it, and tells that what is said is kept', async (test) => {
    await using proxy = await new FaultProxy(service.url).start();
    const { page } = await openPage(test, { url: proxy.url, expected: LOST });
    await turnOn(page);
    await page.locator('.user[data-speech="tentative"]').waitFor();
    const comesBack = page.waitForEvent('websocket', (socket) => socket.url().includes('resume='));
    proxy.dropAll();
    await comesBack;
    proxy.refuse();
    proxy.dropAll();
    await page.getByText('What you say is kept.').waitFor();
    await proxy.accept();
    const said = page.locator('.user[data-speech="understood"][data-state="stored"]');
    await said.first().waitFor();
    expect(await said.first().innerText()).toMatch(/^hello.* my name is alice/i);
    await page.locator('.agent .text', { hasText: 'Alice' }).waitFor();
    expect(await page.locator('.problem').count()).toBe(0);
  });

  it.concurrent('falls silent when the person speaks up, and shows only what was heard as said', async (test) => {
    const { page, watch } = await openPage(test);
    await turnOn(page);
    const cut = page.locator('.agent').first();
    await cut.locator('.unheard').waitFor();
    expect((await watch.playbackStates()).join()).toContain('playing,held,idle');
    const [truncate] = watch.sentOf('conversation.item.truncate');
    const place = watch
      .sentOf('vivavoce.playback.reported')
      .findLast(({ item_id: id }) => id === truncate?.item_id);
    // The last that is told of it is where it fell silent: nothing of it sounds afterwards.
    expect(place).toMatchObject({ is_playing: false, audio_played_ms: truncate?.audio_end_ms });
    expect(truncate?.audio_end_ms).toBeGreaterThan(1_000);

    await page.locator('.user[data-speech="understood"]', { hasText: /enough/i }).waitFor();
    await page.locator('.agent').nth(1).waitFor();
    const { text, unheard } = await cut.locator('.text').evaluate((element) => ({
      text: element.textContent ?? '',
      unheard: element.querySelector('.unheard')?.textContent ?? '',
    }));
    expect(text.endsWith(unheard)).toBe(true);
    const heard = text.slice(0, text.length - unheard.length).trim();
    expect(heard).not.toBe('');
    expect(await cut.locator('.note').innerText()).toContain('Interrupted');

    const id = new URL(page.url()).hash.slice(1);
    const answer = await fetch(`${service.url}/v1/conversations/${id}/transcript?format=txt`);
    const lines = (await answer.text()).split('\n').map((line) => line.replace(/^\[[\d:]+\] /, ''));
    // The next answer introduces itself with the same words, so it is whole lines that are compared.
    expect(lines).toContain(`Assistant: ${heard}`);
    expect(lines.some((line) => /^User: .*enough/i.test(line))).toBe(true);
  });

  it.concurrent('says why there is no microphone and what to do: refused, plain http, no recogniser', async (test) => {
    await using locked = await Service.start({ API_KEYS: `alice:${KEY}` });
    await using browser = await launchChromium(chromium ?? '', [
      '--use-fake-device-for-media-stream',
      `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`,
    ]);
    const { headers } = await fetch(locked.url);
    expect(headers.get('permissions-policy')).toContain('microphone=(self)');
    const note = (page: Page) => page.locator('.microphone-notice');

    const { page: refused } = await openPage(test, { browser });
    await microphone(refused).click();
    await note(refused).getByText('Allow it for this page').waitFor();
    expect(await microphone(refused).getAttribute('data-microphone')).toBe('failed');
    await refused.getByRole('button', { name: 'Close this note' }).click();
    await note(refused).waitFor({ state: 'detached' });

    const { page: plain } = await openPage(test, {
      ...{ browser, expected: WITHOUT_KEY },
      url: `http://${ELSEWHERE}:${locked.port}`,
    });
    await signIn(plain);
    await microphone(plain).click();
    await note(plain).getByText('https or on localhost only').waitFor();
    expect(await note(plain).locator('pre').allInnerTexts()).toContain(
      'TLS_CERT=cert.pem TLS_KEY=key.pem npm start',
    );
    // Writing and listening work there as ever.
    await plain.getByLabel('Your message').fill('Hello!');
    await plain.keyboard.press('Enter');
    await plain.locator('[data-playback="playing"]').waitFor();

    const { page: deaf } = await openPage(test, { browser, url: locked.url, expected: WITHOUT_KEY });
    await signIn(deaf);
    await microphone(deaf).click();
    await note(deaf).getByText('Voice input is off: STT=none').waitFor();
  });

  it('takes what is said while a button is held, and only that', async (test) => {
    const { page, watch } = await openPage(test);
    await turnOn(page);
    await page.getByRole('button', { name: 'Push to talk' }).click();
    await page.locator('[data-activity="ready"]').waitFor();
    const { appends } = watch;
    // From the beginning of what the microphone hears on: the mode is remembered.
    await turnOff(page);
    await turnOn(page);
    await page.locator('[data-activity="ready"]').waitFor();
    expect(watch.appends).toBe(appends);
    const talk = page.getByRole('button', { name: 'Hold to talk' });
    await talk.hover();
    await page.mouse.down();
    await page.locator('[data-activity="recording"]').waitFor();
    await page.locator('.user[data-speech="tentative"]', { hasText: /\w+ \w+ \w+ \w+/ }).waitFor();
    expect(await page.locator('.agent').count()).toBe(0);
    await page.mouse.up();
    const said = page.locator('.user[data-speech="understood"]');
    await said.waitFor();
    expect(await said.innerText()).toMatch(/my name/i);
    await page.locator('.agent[data-status="completed"]').waitFor();
    await watch.audibleSamples(2_400);
    expect(watch.sentOf('input_audio_buffer.commit')).toHaveLength(1);
    expect(watch.sentOf('response.create')).toHaveLength(1);
    expect(await page.locator('.problem').count()).toBe(0);
    // The space bar is the same button, and to press it interrupts.
    await page.keyboard.down('Space');
    await page.locator('[data-activity="recording"]').waitFor();
    expect(await page.locator('.app').getAttribute('data-playback')).toBe('idle');
    await page.keyboard.up('Space');
    await page.locator('[data-activity="ready"]').waitFor();
  });

  it('hears nothing while it is muted, and lets go of the microphone when it is turned off', async (test) => {
    const { page, watch } = await openPage(test);
    await turnOn(page);
    await page.locator('.user[data-speech="tentative"]').waitFor();
    await page.getByRole('button', { name: 'Mute' }).click();
    await page.getByRole('button', { name: 'Microphone', exact: true }).and(page.locator('.muted')).waitFor();
    const { appends } = watch;
    // What was being said has ended with it, and is answered.
    await page.locator('.agent').waitFor();
    expect(watch.appends).toBe(appends);
    expect(await watch.trackStates()).toEqual(['live']);
    await page.getByRole('button', { name: 'Mute' }).click();
    await watch.morePieces(5);
    expect(watch.sentOf('vivavoce.input.muted').map(({ muted }) => muted)).toEqual([true, false]);
    await turnOff(page);
    expect(await watch.trackStates()).toEqual(['ended']);
    expect(await page.locator('.problem').count()).toBe(0);
  });
});

function microphone(page: Page) {
  return page.getByRole('button', { name: 'Microphone', exact: true });
}

async function turnOn(page: Page): Promise<void> {
  await page.locator('[data-connection="open"]').waitFor();
  await microphone(page).click();
  await page.locator('[data-microphone="on"]').waitFor();
}

async function turnOff(page: Page): Promise<void> {
  await microphone(page).click();
  await page.locator('[data-microphone="off"]').waitFor();
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('API key').fill(KEY);
  await page.keyboard.press('Enter');
  await page.locator('[data-connection="open"]').waitFor();
}
