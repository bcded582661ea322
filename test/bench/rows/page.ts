// What the status page costs: the browser that draws a large fleet, and the server that feeds twenty
// pages. The fleet is played to one server; nothing but the page and its server is measured.

import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

import type { Browser, Page } from 'puppeteer-core';

import { launchBrowser, pageUrl } from '../browser.ts';
import { PlayedFleet, PlayedHub } from '../played.ts';
import { cpuShare, hasAll, type Server } from '../processes.ts';
import { type Figure, median, type Row, spread } from '../row.ts';
import { changeFor, changeOne, type Changing } from './leaf.ts';

export const page: Row = {
  name: 'page',
  title: 'The status page of 4,000 instances on 1,000 hosts',
  method: 'five pictures; fifty changes; five times 5 s with and without twenty pages',
  measure: async (bench, isQuick) => {
    if (!hasAll('chromium')) return [];
    const hostsCount = isQuick ? 20 : 1_000;
    const fleet = new PlayedFleet({ hostsCount, instancesCount: 4 * hostsCount });
    const hub = await PlayedHub.open(fleet, bench.address());
    const server = await bench.serve({ words: ['--master', `--peer=${hub.address}`] });
    await hub.taken();
    const browser = await launchBrowser(bench);
    const changing = { fleet, hub, turn: 0 };
    try {
      return [
        ...(await pictured(browser, server, { changing, isQuick })),
        await fed(server, { changing, isQuick }),
      ];
    } finally {
      await browser.close();
      hub.close();
    }
  },
};

interface Measuring {
  readonly changing: Changing;
  readonly isQuick: boolean;
}

/** How long the first picture takes, and for how long a change keeps the main thread busy. */
async function pictured(
  browser: Browser,
  { address }: Server,
  { changing, isQuick }: Measuring,
): Promise<Figure[]> {
  const hostsCount = changing.fleet.instancesCount / 4;
  const firstMs: number[] = [];
  let shown: Page | null = null;
  for (let count = 0; count < (isQuick ? 1 : 5); count += 1) {
    await shown?.close();
    shown = await browser.newPage();
    await shown.setViewport({ width: 1_600, height: 900 });
    await shown.evaluateOnNewDocument(drawnScript(hostsCount));
    await shown.goto(pageUrl(address));
    await shown.waitForFunction('window.drawnMs !== undefined', { timeout: 60_000 });
    firstMs.push(Number(await shown.evaluate('window.drawnMs')));
  }
  const busyMs: number[] = [];
  for (let turn = 0; shown !== null && turn < (isQuick ? 2 : 50); turn += 1) {
    const before = await taskMs(shown);
    changeOne(changing);
    await delay(CHANGE_MS);
    busyMs.push((await taskMs(shown)) - before);
  }
  return [
    { what: 'first picture', unit: 'ms', ...spread(firstMs), must: '≤ 1,000' },
    { what: 'a change: main thread', unit: 'ms', ...spread(busyMs), must: '≤ 50' },
  ];
}

/** Notes when all hosts and services have been drawn, since the page was asked for. */
function drawnScript(hostsCount: number): string {
  return `const look = () => {
    const tiles = document.querySelectorAll('.tile').length;
    const rows = document.querySelectorAll('.services tbody tr').length;
    if (tiles >= ${String(hostsCount)} && rows > 0) window.drawnMs = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);`;
}

/** For how long the main thread of a page has been busy, drawing included. */
async function taskMs(shown: Page): Promise<number> {
  const { TaskDuration = 0 } = await shown.metrics();
  return TaskDuration * 1_000;
}

/** What twenty pages add to the processor time of their server while the fleet changes. */
async function fed(server: Server, { changing, isQuick }: Measuring): Promise<Figure> {
  const watchedMs = isQuick ? 500 : 5_000;
  const shares: { without: number; withPages: number }[] = [];
  for (let round = 0; round < (isQuick ? 1 : 5); round += 1) {
    const without = await shareWhileChanging(server, watchedMs, changing);
    const readers = await Promise.all(Array.from({ length: PAGES }, () => openFeed(server)));
    const withPages = await shareWhileChanging(server, watchedMs, changing);
    for (const reader of readers) reader.destroy();
    shares.push({ without, withPages });
  }
  return {
    what: `${String(PAGES)} pages, 100 changes/s: processor of the server more`,
    unit: '%',
    value: median(shares.map(({ without, withPages }) => withPages - without)),
    must: '≤ 1',
  };
}

async function shareWhileChanging(
  { pid }: Server,
  watchedMs: number,
  changing: Changing,
): Promise<number> {
  const [share] = await Promise.all([cpuShare(pid, watchedMs), changeFor(watchedMs, changing)]);
  return share;
}

/** A page without a browser: it reads the feed and shows nothing. */
async function openFeed({ address }: Server): Promise<ClientRequest> {
  const headers = { Accept: 'text/event-stream' };
  const asked = get(`${pageUrl(address)}v1/feed`, { agent: false, headers });
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  asked.on('error', () => undefined);
  answer.on('error', () => undefined);
  answer.resume();
  return asked;
}

const PAGES = 20;

/** Longer than the feed waits before it tells of a change. */
const CHANGE_MS = 400;
