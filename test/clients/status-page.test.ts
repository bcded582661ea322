// The status page in a real browser, at real servers: what it shows and how soon, that it says when
// what it shows is old, and that everybody can read it. A fault in its script, or something that its
// policy does not allow, fails each of the tests.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { expect } from 'vitest';

import { hasBrowser, openPage, shows } from '../support/browser.ts';
import { openDoor } from '../support/door.ts';
import { startHost } from '../support/hosts.ts';
import { test } from '../support/processes.ts';

const browserTest = test.skipIf(!hasBrowser);

browserTest('who was killed is told with the cause', async ({ stage }) => {
  const door = await openDoor(stage);
  const { page, faults } = await openPage(stage, `http://${door.host}:17342/`);
  const words = ['register', '--name=web', '--port=1', '--log-format=json'];
  const sidecar = stage.start([...words, `--server=${door.host}`]);
  await sidecar.said({ event: 'registered' });
  await shows(page, '1 service with 1 instance');

  sidecar.signal('SIGKILL');
  await shows(page, 'closed: its connection ended');
  await shows(page, 'No service is registered.');

  expect(faults).toEqual([]);
});

browserTest('what a service says of itself is text, and runs nothing', async ({ stage }) => {
  const door = await openDoor(stage);
  const note = '<img src=x onerror="window.ran=1"><script>window.ran=2</script>';
  const web = await door.register({ service: 'web', port: 1, tags: { note } });
  await web.next();

  const { page, faults } = await openPage(stage, `http://${door.host}:17342/#service=web`);
  await shows(page, `note=${note}`);

  expect(await page.evaluate('document.images.length')).toBe(0);
  expect(await page.evaluate("'ran' in window")).toBe(false);
  expect(faults).toEqual([]);
});

browserTest(
  'at the port of the host the page outlives a server, and greys out with the last',
  async ({ stage }) => {
    const address = stage.address();
    const host = await startHost(stage, { name: 'h1', address, isMaster: true, peers: [] });
    await Promise.all([host.a, host.b].map((one) => one.said({ event: 'view-complete' })));
    const { page } = await openPage(stage, `http://${address}:17348/`);
    await page.waitForSelector('main:not(.lost) .state');
    const heading = (await page.evaluate('document.querySelector("h1").innerText')) as string;
    const [first, second] = heading.includes('h1-a') ? [host.a, host.b] : [host.b, host.a];

    await first.end('SIGKILL');
    await shows(page, heading.includes('h1-a') ? 'at h1-b' : 'at h1-a');
    await page.waitForSelector('main:not(.lost)');
    await second.end('SIGKILL');
    await page.waitForSelector('main.lost');
    await shows(page, 'trying again');

    const looks = await page.evaluate(
      'getComputedStyle(document.querySelector(".topology")).filter',
    );
    expect(looks).toMatch(/grayscale/);
  },
);

for (const scheme of ['light', 'dark'] as const) {
  browserTest(`axe finds nothing amiss in the ${scheme} page`, async ({ stage }) => {
    const door = await openDoor(stage);
    const web = await door.register({ service: 'web', port: 1, tags: { version: '7' } });
    await web.next();
    const { page } = await openPage(stage, `http://${door.host}:17342/#service=web`);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await shows(page, 'version=7');

    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
    await page.evaluate(await readFile(axe, 'utf8'));
    const violations = await page.evaluate(AXE_RUN);

    expect(violations).toEqual([]);
  });
}

/** Finds what people without a mouse, or with poor sight, stumble over. */
const AXE_RUN = `axe.run().then(({ violations }) =>
  violations.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => html + failureSummary)]))`;
