// The pictures of the status page: real servers, seen by Debian's Chromium. Run by hand, when
// the page has changed; CONTRIBUTING.md says how. A fleet of a thousand hosts is played, for so many
// servers would not fit a machine. Look at the pictures before you commit them.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Browser, Page } from 'puppeteer-core';

import { launchBrowser, pageUrl } from './browser.ts';
import { startFleet } from './fleet.ts';
import { PlayedFleet, PlayedHub } from './played.ts';
import { type Bench, openBench } from './processes.ts';

/** The subject of a picture. */
interface Shot {
  readonly name: string;
  readonly address: string;
  /** The page is ready when it says something like this. */
  readonly ready: RegExp;
  readonly hash?: string;
}

/** How a page is shown. */
interface Look {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
}

const LOOKS: readonly Look[] = [
  { name: 'wide', width: 1_600, height: 900, scheme: 'light' },
  { name: 'dark', width: 1_600, height: 900, scheme: 'dark' },
  { name: 'narrow', width: 400, height: 900, scheme: 'light' },
];

/** Takes a picture in each look. */
async function shoot(browser: Browser, folder: string, shot: Shot): Promise<void> {
  for (const { name, width, height, scheme } of LOOKS) {
    const page = await browser.newPage();
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.goto(`${pageUrl(shot.address)}${shot.hash ?? ''}`);
    const isReady = `${String(shot.ready)}.test(document.body.innerText)`;
    await page.waitForFunction(isReady, { timeout: 120_000 });
    writeFileSync(join(folder, `page-${shot.name}-${name}.webp`), await smallPicture(page));
    await page.close();
  }
}

/** The best picture that is no larger than a page of a document may bring along. */
async function smallPicture(page: Page): Promise<Uint8Array> {
  for (const quality of QUALITIES) {
    const picture = await page.screenshot({ type: 'webp', quality });
    if (picture.length <= PICTURE_BYTES_MAX) return picture;
  }
  throw new Error(`no picture is below ${String(PICTURE_BYTES_MAX)} bytes`);
}

const QUALITIES = [35, 25, 15, 10, 5, 2];
const PICTURE_BYTES_MAX = 100_000;

/** Hosts and services, in health and then without two of them. */
async function shootFleet(bench: Bench, browser: Browser, folder: string): Promise<void> {
  const hosts = await startFleet(bench, HOSTS);
  const [first] = hosts;
  for (const [index, { address }] of hosts.entries()) {
    for (const name of ['web', 'search', index === 0 ? 'db' : 'cache']) {
      const port = String(8_000 + index);
      const words = ['--name', name, '--port', port, `--server=${address}`, '--tag=version=7'];
      await bench.rarangi(['register', '--log-format=json', ...words]).said('"registered"');
    }
  }
  const address = first!.servers[0]!.address;
  const ready = new RegExp(`${String(HOSTS * 3)} instances`);
  await shoot(browser, folder, { name: 'healthy', address, ready, hash: '#service=web' });
  const stopped = hosts.slice(-2).flatMap(({ servers }) => servers);
  for (const { pid } of stopped) process.kill(pid, 'SIGSTOP');
  // By then both hosts have been found cut off.
  await shoot(browser, folder, {
    name: 'split',
    address,
    ready: /Net-split for (?:[3-9]|\d\d+) s/,
  });
}

/** A thousand hosts that are played to one server. */
async function shootThousand(bench: Bench, browser: Browser, folder: string): Promise<void> {
  const fleet = new PlayedFleet({ hostsCount: 1_000, instancesCount: 4_000 });
  const hub = await PlayedHub.open(fleet, bench.address());
  const { address } = await bench.serve({ words: ['--master', `--peer=${hub.address}`] });
  await hub.taken();
  await shoot(browser, folder, { name: 'thousand', address, ready: /4000 instances/ });
  hub.close();
}

const HOSTS = 6;

const bench = openBench();
const browser = await launchBrowser(bench);
const folder = resolve(process.argv[2] ?? '.build/pictures');
mkdirSync(folder, { recursive: true });
try {
  await shootFleet(bench, browser, folder);
  await shootThousand(bench, browser, folder);
} finally {
  await browser.close();
  await bench.close();
}
