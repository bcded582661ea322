// What a new user sees: a web server of Python, registered with the line that README has, on the page
// of targets of Prometheus. With RARANGI_TEST_PICTURES=FOLDER a picture of the page is left there.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';

import { hasBrowser, openPage } from '../support/browser.ts';
import { eventually } from '../support/conditions.ts';
import { openDoor } from '../support/door.ts';
import { needs } from '../support/needs.ts';
import { type Stage, test } from '../support/processes.ts';

const canRun = needs('prometheus') && needs('curl') && needs('python3') && hasBrowser;
const ROOT = join(import.meta.dirname, '../..');

/** Starts Prometheus as rarangi-http(7) says, and returns where its pages are. */
async function startPrometheus(stage: Stage, url: string): Promise<string> {
  const place = `${stage.address()}:9090`;
  const config = join(stage.folder, 'prometheus.yml');
  const manual = await readFile(join(ROOT, 'man/rarangi-http.7'), 'utf8');
  const [job = ''] = /^- job_name: services\n(?: .*\n)+/m.exec(manual) ?? [];
  const hasty = job.replace('http://127.0.0.1:17318', url).replace('5s', '1s');
  await writeFile(config, `global: { scrape_interval: 1s }\nscrape_configs:\n${hasty}`);
  const storage = `--storage.tsdb.path=${join(stage.folder, 'storage')}`;
  const words = [`--config.file=${config}`, storage, `--web.listen-address=${place}`];
  stage.spawn(['prometheus', ...words]);
  await eventually(
    () => 'Prometheus',
    () => fetch(`http://${place}/-/ready`).catch(() => undefined),
  );
  // The page that Debian's package has.
  return `http://${place}/classic/targets`;
}

/** Resolves with the text of a page when it has all of these; the page does not change by itself. */
async function shown(page: Page, ...texts: readonly string[]): Promise<string> {
  let seen = '';
  return await eventually(
    () => `${texts.join(', ')} in: ${seen}`,
    async () => {
      await page.reload();
      seen = (await page.evaluate('document.body.innerText')) as string;
      return texts.every((text) => seen.includes(text)) ? seen : undefined;
    },
  );
}

test.skipIf(!canRun)(
  "a web server that the line of README registers is up on Prometheus's page, and seen to go",
  async ({ stage }) => {
    const door = await openDoor(stage);
    const url = `http://${door.host}:17348`;
    await writeFile(join(stage.folder, 'metrics'), 'answered_total 1\n');
    stage.spawn(['python3', '-m', 'http.server', '8000', '--bind', door.host]);
    const { page } = await openPage(stage, await startPrometheus(stage, url));
    const line = /^curl -N \$U\/v1\/register .*(?= &$)/m.exec(
      await readFile(join(ROOT, 'README.md'), 'utf8'),
    );
    const curl = stage.spawn(['sh', '-c', `exec ${String(line)}`], { env: { U: url } });
    await curl.printed({ event: 'registered' });

    const target = `http://${door.host}:8000/metrics`;
    const up = await shown(page, target, 'services (1/1 up)', 'state="live"');
    const folder = process.env['RARANGI_TEST_PICTURES'];
    if (folder !== undefined) {
      await page.screenshot({ path: join(folder, 'prometheus-targets.png') });
    }
    await curl.end('SIGKILL');
    const gone = await shown(page, target, 'state="gone"');

    expect(up).toContain('service="web"');
    expect(gone).toContain('service="web"');
  },
);
