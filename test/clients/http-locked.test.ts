// curl, a browser and HTTP beyond loopback: TLS, tokens, and a certificate that is renewed under a stream.

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Browser, launch, type Page } from 'puppeteer-core';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { hasBrowser, shows } from '../support/browser.ts';
import { eventually } from '../support/conditions.ts';
import { authorityOf, secretFileOf } from '../support/locks.ts';
import { needs } from '../support/needs.ts';
import type { Ended, Namespace, Running, Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';

const canRun = canMakeNetworks() && needs('curl') && needs('openssl');
const ADDRESS = '10.1.2.3';
const URL = `https://${ADDRESS}:17342`;
const TOKEN = 'abcd'.repeat(10);

interface Host {
  readonly server: Running;
  readonly own: { readonly cert: string; readonly key: string };
  /** Starts curl there. */
  readonly curl: (...words: readonly string[]) => Running;
  readonly namespace: Namespace;
}

async function startHost(stage: Stage): Promise<Host & { readonly ca: string }> {
  const namespace = await stage.openNamespace();
  const within = { within: namespace };
  await stage.spawn(['ip', 'address', 'add', ADDRESS, 'dev', 'lo'], within).ended;
  const ca = authorityOf(stage, 'first');
  const own = ca.issue('own', { altName: `IP:${ADDRESS}` });
  const tokens = secretFileOf(stage, 'tokens', TOKEN);
  const door = [`--http=${ADDRESS}:17342`, `--http-cert=${own.cert}`, `--http-key=${own.key}`];
  const words = ['serve', '--log-format=json', '--host=h1', ...door, `--http-token-file=${tokens}`];
  const server = stage.start(words, within);
  await server.said({ event: 'view-complete' });
  const curl = (...given: readonly string[]): Running =>
    stage.spawn(['curl', '-sS', '-N', ...given], within);
  await eventually(
    () => 'HTTP beyond loopback',
    async () => ((await curl('-k', `${URL}/livez`).ended).code === 0 ? true : undefined),
  );
  return { server, own, ca: ca.cert, curl, namespace };
}

test.skipIf(!canRun)(
  'beyond loopback nothing is plain, and a token is asked for',
  async ({ stage }) => {
    const { ca, curl } = await startHost(stage);
    const asked = async (...words: readonly string[]): Promise<Ended> =>
      await curl('--cacert', ca, '-o', '/dev/null', '-w', '%{http_code}', ...words).ended;
    const url = `${URL}/v1/services`;

    const plain = await curl(url.replace('https', 'http')).ended;
    const none = await curl('--cacert', ca, '-i', url).ended;
    const wrong = await asked('-H', `Authorization: Bearer x${TOKEN.slice(1)}`, url);
    const bearer = await asked('-H', `Authorization: Bearer ${TOKEN}`, url);
    const basic = await asked('-u', `anybody:${TOKEN}`, url);
    const health = await asked(`${URL}/livez`);

    expect(plain.code).not.toBe(0);
    expect(none.stdout).toMatch(/^HTTP\/1\.1 401 /);
    expect(none.stdout).toMatch(/^WWW-Authenticate: Bearer .*\r\nWWW-Authenticate: Basic /m);
    // There is no service: 404 is an answer.
    expect([wrong, bearer, basic, health].map(({ stdout }) => stdout)).toEqual([
      '401',
      '404',
      '404',
      '200',
    ]);
  },
);

test.skipIf(!canRun)(
  'a new certificate is shown from SIGHUP on, and no stream ends',
  async ({ stage }) => {
    const { server, own, ca, curl } = await startHost(stage);
    const fresh = authorityOf(stage, 'fresh');
    const renewed = fresh.issue('renewed', { altName: `IP:${ADDRESS}` });
    const known = ['-H', `Authorization: Bearer ${TOKEN}`];
    const watch = curl('--cacert', ca, ...known, `${URL}/v1/watch?service=web`);
    await watch.printed({ change: 'synced' });

    copyFileSync(renewed.cert, own.cert);
    copyFileSync(renewed.key, own.key);
    server.signal('SIGHUP');
    await eventually(
      () => 'the new certificate',
      async () => {
        const { code } = await curl('--cacert', fresh.cert, `${URL}/livez`).ended;
        return code === 0 ? true : undefined;
      },
    );
    const old = await curl('--cacert', ca, `${URL}/livez`).ended;
    const body = ['-H', 'Content-Type: application/json', '-d', '{"service":"web","port":8000}'];
    curl('--cacert', fresh.cert, ...known, ...body, `${URL}/v1/register`);
    const added = await watch.printed({ change: 'added' });

    expect(old.code).not.toBe(0);
    expect(added).toMatchObject({ service: 'web' });
  },
);

/** Starts Chromium in a namespace; it is spoken to by pipes, for its ports cannot be reached. */
async function openBrowserIn(stage: Stage, { enter }: Namespace): Promise<Browser> {
  const program = join(stage.folder, 'browser');
  writeFileSync(program, `#!/bin/sh\nexec ${enter.join(' ')} chromium "$@"\n`, { mode: 0o755 });
  return await launch({
    executablePath: program,
    pipe: true,
    // The authority of the test is none that a browser knows.
    args: [
      ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
      '--ignore-certificate-errors',
    ],
    userDataDir: join(stage.folder, 'chromium'),
    env: { ...process.env, HOME: stage.folder },
  });
}

test.skipIf(!canRun || !hasBrowser)(
  'a browser is asked for the token as a password, and then shows the page and its feed',
  async ({ stage }) => {
    const { namespace } = await startHost(stage);
    const browser = await openBrowserIn(stage, namespace);
    // Each visitor has a context of its own, which keeps what was right.
    const visit = async (password?: string): Promise<[Page, string]> => {
      const page = await (await browser.createBrowserContext()).newPage();
      if (password !== undefined) await page.authenticate({ username: 'anybody', password });
      const came = page.goto(URL).then((answer) => String(answer?.status()), String);
      return [page, await came];
    };

    const [[, none], [, wrong], [page, right]] = [
      await visit(),
      await visit(`x${TOKEN.slice(1)}`),
      await visit(TOKEN),
    ];
    await shows(page, 'No service is registered.');
    await browser.close();

    expect([none, wrong, right]).toEqual([ASKED, '401', '200']);
  },
);

/** What a browser says that was asked for a password and has no other. */
const ASKED = expect.stringContaining('ERR_INVALID_AUTH_CREDENTIALS') as unknown as string;
