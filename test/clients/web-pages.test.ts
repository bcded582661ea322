// Pages of other sites in a real browser, at a real server. A visitor of such a page has a browser
// that can reach the server: the page must neither read the catalogue nor register, whatever it
// tries. That reading can succeed at all is seen with the origin or the name allowed, that
// registering can is seen by a plain program.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Browser, Page } from 'puppeteer-core';
import { expect } from 'vitest';

import { hasBrowser, openBrowser } from '../support/browser.ts';
import { type Door, openDoor } from '../support/door.ts';
import { type Stage, test } from '../support/processes.ts';

const browserTest = test.skipIf(!hasBrowser);
const BLANK = '<!doctype html><title>site</title>';
const EVIL = { service: 'evil', port: 1 };

/** Opens a page of another site, which is on this machine, too. */
async function openSite(stage: Stage, browser: Browser): Promise<Page> {
  const site = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html').end(BLANK);
  });
  const address = stage.address();
  await once(site.listen(0, address), 'listening');
  site.unref();
  const { port } = site.address() as AddressInfo;
  const page = await browser.newPage();
  await page.goto(`http://${address}:${String(port)}/`);
  return page;
}

/** Opens a page under a name that led to another site until now, and leads to the server now. */
async function openRebound(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (request.isNavigationRequest()) {
      void request.respond({ contentType: 'text/html', body: BLANK });
    } else void request.continue();
  });
  await page.goto(url);
  return page;
}

function urlOf({ host }: Door, path: string): string {
  return `http://${host}:17342${path}`;
}

/** What a page reads of an address: the status, or why there is none. */
async function read(page: Page, url: string, init: RequestInit = {}): Promise<string> {
  return await page.evaluate(
    async (from, given) =>
      await fetch(from, given).then(
        ({ type, status }) => `${type} ${String(status)}`,
        (error: unknown) => String(error),
      ),
    url,
    init,
  );
}

/** What becomes of an EventSource. */
async function hear(page: Page, url: string): Promise<string> {
  return await page.evaluate(
    async (from) =>
      await new Promise<string>((resolve) => {
        const source = new EventSource(from);
        source.onopen = () => resolve('open');
        source.onerror = () => resolve(source.readyState === source.CLOSED ? 'closed' : 'again');
      }),
    url,
  );
}

/** Sends a form whose text is JSON, and returns the status of the answer. */
async function sendForm(page: Page, url: string, { service, port }: typeof EVIL): Promise<unknown> {
  const name = `{"service":"${service}","port":${String(port)},"address":"`;
  const field = `<input name='${name}' value='"}'>`;
  await page.setContent(
    `<form action="${url}" method="POST" enctype="text/plain">${field}<button>go</button></form>`,
  );
  const [response] = await Promise.all([page.waitForNavigation(), page.click('button')]);
  return response?.status();
}

async function refused({ server }: Door, why: string): Promise<void> {
  await server.said({ event: 'refused-stranger', reason: `HTTP: ${why}` });
}

async function namesAt(door: Door): Promise<string[]> {
  const { body } = await door.ask('/v1/services');
  const { services } = JSON.parse(body) as { readonly services: readonly { name: string }[] };
  return services.map(({ name }) => name);
}

browserTest(
  'a page of another site reads nothing, unless its origin is allowed',
  async ({ stage }) => {
    const page = await openSite(stage, await openBrowser(stage));
    const { origin } = new URL(page.url());
    const door = await openDoor(stage);
    const allowing = await openDoor(stage, [`--http-origin=${origin}`]);
    const paths = { events: '/v1/feed', watch: '/v1/watch?service=*' };

    const allowed = [
      await read(page, urlOf(allowing, '/v1/status')),
      await hear(page, urlOf(allowing, paths.events)),
      await hear(page, urlOf(allowing, paths.watch)),
    ];
    const foreign = [
      await read(page, urlOf(door, '/v1/status')),
      await hear(page, urlOf(door, paths.events)),
      await hear(page, urlOf(door, paths.watch)),
    ];
    await refused(door, `the origin ${origin} may not use this server`);
    const opaque = await read(page, urlOf(door, '/v1/status'), { mode: 'no-cors' });
    await refused(door, 'a page of another site may not use this server');

    expect(allowed).toEqual(['cors 200', 'open', 'open']);
    expect(foreign).toEqual(['TypeError: Failed to fetch', 'closed', 'closed']);
    expect(opaque).toBe('opaque 0');
  },
);

browserTest(
  'a page registers nothing: by form, by a request that is not asked for, or its own',
  async ({ stage }) => {
    const page = await openSite(stage, await openBrowser(stage));
    const { origin } = new URL(page.url());
    const door = await openDoor(stage, [`--http-origin=${origin}`]);
    const url = urlOf(door, '/v1/register');
    const own = await door.register({ service: 'good', port: 1 });
    await own.next();
    const sent = { method: 'POST', body: JSON.stringify(EVIL) };
    const json = { 'Content-Type': 'application/json' };

    const outcomes = [
      await read(page, url, { ...sent, mode: 'no-cors' }),
      await read(page, url, { ...sent, headers: json }),
    ];
    await refused(door, 'a CORS preflight may not use this server');
    const byForm = await sendForm(page, url, EVIL);
    const ofServer = await page.browser().newPage();
    await ofServer.goto(urlOf(door, '/livez'));
    outcomes.push(await read(ofServer, url, { ...sent, headers: json }));

    expect(outcomes).toEqual(['opaque 0', 'TypeError: Failed to fetch', 'basic 403']);
    expect(byForm).toBe(403);
    expect(await namesAt(door)).toEqual(['good']);
  },
);

browserTest('under a name that was led to the server a page can do nothing', async ({ stage }) => {
  const door = await openDoor(stage);
  const called = await openDoor(stage, ['--http-name=called.test']);
  const browser = await openBrowser(stage, {
    'rebound.test': door.host,
    'called.test': called.host,
  });
  const page = await openRebound(browser, 'http://rebound.test:17342/');
  const known = await openRebound(browser, 'http://called.test:17342/');
  const json = { 'Content-Type': 'application/json' };
  const sent = { method: 'POST', body: JSON.stringify(EVIL), headers: json };

  const outcomes = [
    await read(known, '/v1/status'),
    await read(page, '/v1/status'),
    await hear(page, '/v1/feed'),
    await read(page, '/v1/register', sent),
  ];
  await refused(door, 'this server is not called rebound.test; --http-name allows it');

  expect(outcomes).toEqual(['basic 200', 'basic 403', 'closed', 'basic 403']);
  expect(await namesAt(door)).toEqual([]);
});
