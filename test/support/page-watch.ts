import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { ClientEvent } from '../../src/protocol/client-events.ts';

/** Runs in the browser, before the page does: notes what the player did, and which microphones were opened. */
const NOTE = `
  window.playbackStates = [];
  window.openedTracks = [];
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver((changes) => {
      const states = changes.map(({ target }) => target.dataset?.playback).filter(Boolean);
      for (const state of states) if (state !== window.playbackStates.at(-1)) window.playbackStates.push(state);
    }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-playback'] });
  });
  const devices = navigator.mediaDevices;
  const open = devices?.getUserMedia.bind(devices);
  if (open) devices.getUserMedia = async (asked) => {
    const stream = await open(asked);
    window.openedTracks.push(...stream.getTracks());
    return stream;
  };
`;

/** What a page sends, plays and listens to. */
export class PageWatch {
  readonly page: Page;
  /** What it has sent, in order; sound only as a count. */
  readonly sent: ClientEvent[] = [];
  appends = 0;

  private constructor(page: Page) {
    this.page = page;
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        const event = JSON.parse(String(payload)) as ClientEvent;
        if (event.type === 'input_audio_buffer.append') this.appends++;
        else this.sent.push(event);
      });
    });
  }

  /** To be called before the page is opened. */
  static async of(page: Page): Promise<PageWatch> {
    await page.addInitScript(NOTE);
    return new PageWatch(page);
  }

  sentOf<T extends ClientEvent['type']>(type: T): Extract<ClientEvent, { type: T }>[] {
    return this.sent.filter((event): event is Extract<ClientEvent, { type: T }> => event.type === type);
  }

  /** What the player was doing, one behind the other. */
  async playbackStates(): Promise<string[]> {
    return await this.page.evaluate('window.playbackStates');
  }

  /** Of the microphones that were opened: `live` while the browser shows that it listens, or `ended`. */
  async trackStates(): Promise<string[]> {
    return await this.page.evaluate('window.openedTracks.map(({ readyState }) => readyState)');
  }

  /** Waits until at least `count` samples above silence have left through the speaker. */
  async audibleSamples(count: number): Promise<void> {
    const heard = async () => Number(await this.page.locator('.app').getAttribute('data-audible-samples'));
    await expect.poll(heard, { timeout: 30_000, interval: 50 }).toBeGreaterThanOrEqual(count);
  }

  /** Waits until `count` more pieces of 40 ms of the microphone have been sent. */
  async morePieces(count: number): Promise<void> {
    const goal = this.appends + count;
    await expect.poll(() => this.appends, { timeout: 30_000, interval: 50 }).toBeGreaterThanOrEqual(goal);
  }
}
