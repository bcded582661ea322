// How people use the status page, in a real browser: by keyboard alone, by links that others sent, on
// paper; and that it says what it could not ask, instead of showing nothing as if there were nothing.

import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';

import { hasBrowser, openBrowser, openPage, shows } from '../support/browser.ts';
import { type Door, openDoor } from '../support/door.ts';
import { test } from '../support/processes.ts';

const browserTest = test.skipIf(!hasBrowser);

function urlOf({ host }: Door, hash = ''): string {
  return `http://${host}:17342/${hash}`;
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.evaluate(
    `document.querySelector(${JSON.stringify(selector)}).textContent`,
  )) as string;
}

/** What has the focus, as a screen reader calls it. */
async function focused(page: Page): Promise<string> {
  return (await page.evaluate(
    '`${document.activeElement.tagName} ${document.activeElement.ariaLabel ?? document.activeElement.innerText}`',
  )) as string;
}

/** Tabs until that has the focus; fails when it has gone round once. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  const seen: string[] = [];
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now.startsWith(wanted)) return;
    seen.push(now);
  }
  throw new Error(`the focus never came to ${wanted}: ${seen.join(', ')}`);
}

const TABS_MAX = 60;

browserTest('all of it is used by the keyboard alone, and the focus is seen', async ({ stage }) => {
  const door = await openDoor(stage);
  for (const [service, port] of [
    ['web', 1],
    ['search', 2],
  ] as const) {
    const registered = await door.register({ service, port });
    await registered.next();
  }
  const { page, faults } = await openPage(stage, urlOf(door));
  await shows(page, '2 services with 2 instances');

  await page.keyboard.press('/');
  expect(await focused(page)).toBe('INPUT Filter services by name');
  await page.keyboard.type('sea');
  await page.waitForFunction('document.querySelectorAll(".services tbody tr").length === 1');
  await tabTo(page, 'A search');
  const outline = (await page.evaluate(
    'getComputedStyle(document.activeElement).outlineStyle',
  )) as string;
  await page.keyboard.press('Enter');
  await page.waitForSelector('[aria-label="Service search"]');
  await tabTo(page, 'A explain');
  await page.keyboard.press('Enter');
  await shows(page, ' as of ');
  await tabTo(page, 'BUTTON Close the explanation of');
  await page.keyboard.press('Enter');
  await page.waitForFunction('document.querySelector("[aria-label^=Explanation]") === null');
  await page.waitForSelector('[aria-label="Service search"]');
  await page.evaluate('document.activeElement.blur()');
  await page.keyboard.press('Escape');
  await page.waitForFunction('document.querySelector("[aria-label^=Service\\\\ ]") === null');
  await page.focus('.tile');
  await page.keyboard.press('Enter');
  await shows(page, 'Events of h1');

  expect(outline).toBe('solid');
  expect(await page.evaluate('document.querySelector(".tile").ariaPressed')).toBe('true');
  expect(faults).toEqual([]);
});

browserTest(
  'a link opens a service, a host, or an explanation, and Back goes back',
  async ({ stage }) => {
    const door = await openDoor(stage);
    const web = await door.register({ service: 'web', port: 1 });
    await web.next();
    const { page, faults } = await openPage(stage, urlOf(door, '#host=h1&service=web&explain=web'));

    await shows(page, 'Events of h1');
    await shows(page, 'h1 in default: h1-a is in reach.');
    await shows(page, 'web: 1 live (h1).');
    await page.waitForSelector('[aria-label="Service web"] td');
    await page.click('[aria-label="Close web"]');
    await page.waitForFunction('document.querySelector("[aria-label=\\"Service web\\"]") === null');
    const closed = (await page.evaluate('location.hash')) as string;
    await page.goBack();
    await page.waitForSelector('[aria-label="Service web"]');
    // Of a host of which nothing is remembered a browser says 404.
    expect(faults).toEqual([]);
    await page.evaluate('location.hash = "#host=h9"');
    await shows(page, 'This server knows no server of host h9 now.');

    expect(closed).toBe('#host=h1&explain=web');
  },
);

browserTest('of a host more is told than what just happened in the fleet', async ({ stage }) => {
  const door = await openDoor(stage);
  const other = stage.start([
    ...['serve', '--log-format=json', '--host=h2', `--bind=${stage.address()}`],
    `--peer=${door.host}`,
  ]);
  await other.said({ event: 'view-complete' });
  await other.end();
  const { page } = await openPage(stage, urlOf(door));
  await shows(page, 'server h2-a said goodbye');
  // As many as a page holds of the fleet.
  for (let round = 0; round < 260; round += 1) {
    const web = await door.register({ service: 'web', port: 1 });
    await web.next();
    web.asked.destroy();
  }
  await page.reload();
  await shows(page, 'removed');
  const before = await textOf(page, '.events');

  await page.evaluate('location.hash = "#host=h2"');
  await shows(page, 'server h2-a said goodbye');

  expect(before).not.toContain('server h2-a said goodbye');
});

browserTest('what could not be asked is said, and asked again', async ({ stage }) => {
  const door = await openDoor(stage);
  const web = await door.register({ service: 'web', port: 1 });
  await web.next();
  const browser = await openBrowser(stage);
  const page = await browser.newPage();
  await page.setRequestInterception(true);
  let isFailing = true;
  page.on('request', (request) => {
    if (!isFailing || !/\/v1\/(history|explain)/.test(request.url())) void request.continue();
    else if (request.url().includes('explain')) void request.abort();
    else {
      const body = JSON.stringify({ error: { message: 'the limit is 64 requests' } });
      void request.respond({ status: 429, contentType: 'application/json', body });
    }
  });

  await page.goto(urlOf(door, '#service=web&explain=web'));
  await shows(page, 'Cannot tell what happened: the limit is 64 requests; trying again.');
  await shows(page, 'Cannot tell more about web: the server does not answer; trying again.');
  const pane = await textOf(page, '[aria-label="Service web"]');
  isFailing = false;
  await page.waitForSelector('[aria-label="Service web"] .happenings .registered');
  await shows(page, 'web: 1 live (h1).');

  expect(pane).not.toContain('This server remembers no event');
  await page.waitForFunction('document.querySelector(".fault") === null');
});

browserTest(
  'printed, it shows all rows and none of what cannot be used on paper',
  async ({ stage }) => {
    const door = await openDoor(stage);
    for (let port = 1; port <= 40; port += 1) {
      const one = await door.register({ service: `service-${String(port)}`, port });
      await one.next();
    }
    const { page } = await openPage(stage, urlOf(door));
    await shows(page, '40 services with 40 instances');
    const hidden = `[...document.querySelectorAll('.scroll')].some((box) => box.scrollHeight > box.clientHeight + 1)`;
    const onScreen = await page.evaluate(hidden);

    await page.emulateMediaType('print');
    const onPaper = await page.evaluate(hidden);
    const shown = await page.evaluate(
      `['input', '.explain'].map((what) => getComputedStyle(document.querySelector(what)).display)`,
    );
    const paper = await page.pdf();

    expect([onScreen, onPaper]).toEqual([true, false]);
    expect(shown).toEqual(['none', 'none']);
    expect(Buffer.from(paper).subarray(0, 5).toString()).toBe('%PDF-');
  },
);

browserTest('no other page may show it in a frame', async ({ stage }) => {
  const door = await openDoor(stage);
  const { page, faults } = await openPage(stage, 'about:blank');
  const framing = `<!doctype html><iframe src="${urlOf(door)}"></iframe>`;
  await page.goto(`data:text/html,${encodeURIComponent(framing)}`);
  await page.waitForNetworkIdle();

  const [frame] = page.frames().slice(1);
  expect(await frame?.evaluate('document.body.innerText')).not.toContain('development');
  expect(faults.join()).toContain('frame-ancestors');
});

browserTest('it is light or dark as the reader wishes, and follows', async ({ stage }) => {
  const door = await openDoor(stage);
  const { page } = await openPage(stage, urlOf(door));
  await page.waitForSelector('.state');
  const grounds: number[] = [];
  for (const value of ['light', 'dark', 'light']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
    grounds.push(Number(await page.evaluate(BRIGHTNESS)));
  }

  expect(grounds.map((brightness) => brightness > 128)).toEqual([true, false, true]);
});

/** How bright the ground is, of 255. */
const BRIGHTNESS = `Math.max(...getComputedStyle(document.documentElement).backgroundColor
  .match(/\\d+/g).slice(0, 3).map(Number))`;
