// Debian's Chromium, without a window, as the browser of a test. It is a process of the test's stage
// and keeps its profile in the folder of the test, so that nothing of it outlives the test.

import { join } from 'node:path';

import type { Browser, Page } from 'puppeteer-core';
import { connect } from 'puppeteer-core';

import { needs } from './needs.ts';
import type { Stage } from './processes.ts';

/** Whether there is a Chromium; says so loudly if there is none. */
export const hasBrowser = needs('chromium');

/** Starts Chromium. `names` are names that it takes for addresses, as DNS might say. */
export async function openBrowser(
  stage: Stage,
  names: Readonly<Record<string, string>> = {},
): Promise<Browser> {
  const rules = Object.entries(names).map(([name, address]) => `MAP ${name} ${address}`);
  const chromium = stage.spawn(
    [
      'chromium',
      ...SETTINGS,
      `--host-resolver-rules=${rules.join(', ')}`,
      `--user-data-dir=${join(stage.folder, 'chromium')}`,
      'about:blank',
    ],
    { env: { HOME: stage.folder } },
  );
  const said = await chromium.line(/^DevTools listening on /);
  const browserWSEndpoint = said.replace('DevTools listening on ', '');
  return await connect({ browserWSEndpoint, defaultViewport: { width: 1600, height: 900 } });
}

/** A page in a browser of its own, and its errors. */
export interface OpenPage {
  readonly page: Page;
  /** The errors of its script, and the violations of its policy. */
  readonly faults: readonly string[];
}

/** Opens a page. */
export async function openPage(stage: Stage, url: string): Promise<OpenPage> {
  const browser = await openBrowser(stage);
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults };
}

/** Resolves when the page shows a text. */
export async function shows(page: Page, text: string): Promise<void> {
  const condition = `document.body.innerText.includes(${JSON.stringify(text)})`;
  await page.waitForFunction(condition, { polling: 'mutation' });
}

const SETTINGS = [
  '--headless=new',
  '--remote-debugging-port=0',
  // Tests may run as root, and in containers with a small /dev/shm.
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--no-first-run',
  // A request that the server refuses must reach the server: the browser must not refuse it before.
  '--disable-features=LocalNetworkAccessChecks,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable',
];
