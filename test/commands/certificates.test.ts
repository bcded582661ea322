// Mutual TLS: both ends show a certificate of their CA that names the environment, and any other
// certificate is refused and logged by both.

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { authorityOf, lockKey, madeSecret, secretFileOf, serving } from '../support/locks.ts';
import type { Authority, Issuance } from '../support/locks.ts';
import { needs } from '../support/needs.ts';
import { startReceiver } from '../support/notify-receiver.ts';
import { type Running, type Stage, test as staged } from '../support/processes.ts';

const PORT = 17340;
const test = staged.skipIf(!needs('openssl'));

test('with certificates of one CA servers link and clients come in', async ({ stage }) => {
  const { ca, address, server } = await certified(stage);
  const second = ca.issue('second');
  const peer = [`--bind=${stage.address()}`, '--host=h2', `--peer=${address}`];
  await serving(stage, [...peer, '--master', ...second.flags]);
  await server.said({ event: 'link-up' });

  const client = ca.issue('client').flags;
  const { code, stdout } = await status(stage, address, [...client, '--wait=20s']);
  const page = await stage.run(['status', `--server=${address}:${PORT}`, ...client]);

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ servers: { reachable: 2 } });
  expect(page.stdout).toMatch(/^lock +TCP is locked by certificates/m);
});

test('a client of another CA is refused, and so it refuses', async ({ stage }) => {
  const { address, server } = await certified(stage);
  const stranger = authorityOf(stage, 'strange').issue('stranger');

  const { code, stdout } = await status(stage, address, stranger.flags);

  expect(code).toBe(4);
  expect(stdout).toContain('its CA is not one that this side trusts');
  await server.said({ event: 'refused-stranger' });
});

test('a client that trusts the server but is of another CA is told so', async ({ stage }) => {
  const { ca, address, server } = await certified(stage);
  const { cert, key } = authorityOf(stage, 'strange').issue('stranger');
  const flags = [`--tls-cert=${cert}`, `--tls-key=${key}`, `--tls-ca=${ca.cert}`];

  const { code, stdout } = await status(stage, address, flags);

  expect(code).toBe(4);
  expect(stdout).toContain(
    'your certificate is not trusted: its CA is not one that this side trusts',
  );
  const reason = 'its certificate is not trusted: its CA is not one that this side trusts';
  await server.said({ event: 'refused-stranger', reason });
});

test('a client whose certificate names another environment is refused', async ({ stage }) => {
  const { ca, address, server } = await certified(stage);
  const other = ca.issue('other', { altName: 'URI:rarangi:production' });

  const { code, stdout } = await status(stage, address, ['-e', 'production', ...other.flags]);
  const own = await status(stage, address, other.flags);
  const { stdout: heard } = await knock(stage, address, { ...other, ca });

  expect(code).toBe(4);
  expect(stdout).toContain('it names environment development, not production');
  // A client does not even begin with a certificate that does not name its environment.
  expect(own.code).toBe(2);
  expect(heard).toContain('it names environment production, not development');
  const reason = 'its certificate is not trusted: it names environment production, not development';
  await server.said({ event: 'refused-stranger', reason });
});

test.for([
  ['has expired', { endDate: '20200102000000Z' }, 'it has expired'],
  ['names no environment', { altName: 'DNS:rarangi.example' }, 'it names no environment'],
  [
    'hides the environment in another name',
    { altName: 'URI:x:, URI:rarangi:development, URI:y' },
    'it names no environment',
  ],
] as const)('a certificate that %s is refused and logged', async ([, given, reason], { stage }) => {
  const { ca, address, server } = await certified(stage);
  const unfit = ca.issue('unfit', given);

  const own = await status(stage, address, unfit.flags);
  const { stdout } = await knock(stage, address, { ...unfit, ca });

  expect(own.code).toBe(2);
  expect(stdout).toContain(reason);
  expect(stdout).not.toContain('17340');
  const { message } = await server.said({ event: 'refused-stranger' });
  expect(message).toContain(reason);
});

test('without a certificate no client comes in', async ({ stage }) => {
  const { address, server } = await certified(stage);
  const secret = secretFileOf(stage, 'secret', madeSecret());

  const bare = await status(stage, address, []);
  const withSecret = await status(stage, address, [`--secret-file=${secret}`]);
  const { stdout } = await stage.spawn(openssl(address, [])).ended;

  expect([bare.code, withSecret.code]).toEqual([4, 4]);
  expect(withSecret.stdout).toContain('this side expects a secret, not a certificate');
  expect(stdout).toContain('your certificate is not trusted: there is none');
  await server.said({
    event: 'refused-stranger',
    reason: 'its certificate is not trusted: there is none',
  });
});

test('a certificate that is not meant for both ends of a connection is refused at the start', async ({
  stage,
}) => {
  const ca = authorityOf(stage, 'ca');
  const ofServer = ca.issue('server', { extendedKeyUsage: 'serverAuth' });
  const ofClient = ca.issue('client', { extendedKeyUsage: 'clientAuth' });
  const both = ca.issue('both', { extendedKeyUsage: 'serverAuth,clientAuth' });
  const bind = `--bind=${stage.address()}`;

  const [undialling, unserving, asking] = await Promise.all([
    stage.run(['serve', bind, ...ofServer.flags]),
    stage.run(['serve', bind, ...ofClient.flags]),
    stage.run(['status', `--server=${stage.address()}`, ...ofServer.flags]),
  ]);
  const [, host = ''] = bind.split('=');
  await serving(stage, [bind, ...both.flags]);
  const served = await status(stage, host, ofClient.flags);

  expect([undialling, unserving, asking].map(({ code }) => code)).toEqual([2, 2, 2]);
  expect(undialling.stderr).toMatch(/is not meant for client authentication/);
  expect(undialling.stderr).toContain('extendedKeyUsage=serverAuth,clientAuth');
  expect(unserving.stderr).toMatch(/is not meant for server authentication/);
  expect(asking.stderr).toMatch(/not meant for client authentication.*\n.*=clientAuth\n/);
  expect(served.stdout).toContain('"state":"healthy"');
});

test('a key with a passphrase is named as such, for servers and clients', async ({ stage }) => {
  const issued = authorityOf(stage, 'ca').issue('server');
  lockKey(stage, issued);
  const bind = `--bind=${stage.address()}`;

  const ends = await Promise.all([
    stage.run(['serve', bind, ...issued.flags]),
    stage.run(['status', ...issued.flags]),
  ]);

  for (const { code, stderr } of ends) {
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /key \S+ has a passphrase, .*\n.*write the key without a passphrase: openssl pkey/,
    );
  }
});

for (const [words, given] of [
  ['has expired: it was valid until 2020-01-02T00:00:00.000Z', { endDate: '20200102000000Z' }],
  ['is not valid yet: it is from 2090-01-01T00:00:00.000Z on', { startDate: '20900101000000Z' }],
] as const) {
  test(`a server does not start with a certificate that ${words}`, async ({ stage }) => {
    const ca = authorityOf(stage, 'ca');
    const own = ca.issue('own', given);
    const bind = `--bind=${stage.address()}`;
    const env = { NOTIFY_SOCKET: undefined };
    const http = ['--http=127.0.0.1', `--http-cert=${own.cert}`, `--http-key=${own.key}`];
    const issuer = ca
      .issue('whole')
      .flags.map((flag) => (flag.startsWith('--tls-ca=') ? `--tls-ca=${own.cert}` : flag));

    const ended = await Promise.all(
      [own.flags, http, issuer].map((flags) => stage.run(['serve', bind, ...flags], { env })),
    );

    expect(ended.map(({ code }) => code)).toEqual([2, 2, 2]);
    for (const { stderr } of ended.slice(0, 2)) {
      expect(stderr).toContain(`certificate ${own.cert} ${words}`);
      expect(stderr).toContain('have it renewed, or set the clock of this host right');
    }
    expect(ended[2]?.stderr).toContain(`no CA in ${own.cert} is within its time: one ${words}`);
  });
}

test('of CAs that are all outside of their time, the one that is not valid yet is named', async ({
  stage,
}) => {
  const ca = authorityOf(stage, 'ca');
  const early = ca.issue('early', { startDate: '20900101000000Z' });
  const expired = ca.issue('expired', { endDate: '20200102000000Z' });
  const both = join(stage.folder, 'both.pem');
  writeFileSync(both, readFileSync(early.cert, 'utf8') + readFileSync(expired.cert, 'utf8'));
  const { cert, key } = ca.issue('own');
  const flags = [`--tls-cert=${cert}`, `--tls-key=${key}`, `--tls-ca=${both}`];

  const { stderr } = await stage.run(['serve', `--bind=${stage.address()}`, ...flags], {
    env: { NOTIFY_SOCKET: undefined },
  });

  expect(stderr).toContain(`no CA in ${both} is within its time: one is not valid yet`);
});

test('a client whose certificate is not valid yet starts, and comes in once it is', async ({
  stage,
}) => {
  const { ca, address } = await certified(stage);
  const [own, valid] = [ca.issue('own', { startDate: '20900101000000Z' }), ca.issue('valid')];

  const early = await status(stage, address, own.flags);
  const waiting = status(stage, address, [...own.flags, '--wait=20s']);
  // In this order the client never finds a certificate in its time with another key.
  copyFileSync(valid.key, own.key);
  copyFileSync(valid.cert, own.cert);

  expect(early.code).toBe(3);
  expect(early.stdout).toContain('is not valid yet');
  expect((await waiting).code).toBe(0);
});

test('where systemd waits, so does the server, for a certificate that is not valid yet', async ({
  stage,
}) => {
  const ca = authorityOf(stage, 'ca');
  const [own, valid] = [ca.issue('own', { startDate: '20900101000000Z' }), ca.issue('valid')];
  const path = join(stage.folder, 'notify');
  await startReceiver(stage, path);
  const words = ['serve', '--log-format=json', `--bind=${stage.address()}`, ...own.flags];
  const server = stage.start(words, { env: { NOTIFY_SOCKET: path } });
  const { reason } = await server.said({ event: 'address-late' });

  // In this order the server never finds a certificate in its time with another key.
  copyFileSync(valid.key, own.key);
  copyFileSync(valid.cert, own.cert);
  await server.said({ event: 'server-started' });

  expect(reason).toContain(`certificate ${own.cert} is not valid yet`);
  expect((await server.end('SIGTERM')).code).toBe(0);
});

test('one CA in its time is enough, beside one that has expired', async ({ stage }) => {
  const ca = authorityOf(stage, 'ca');
  const { flags } = ca.issue('own');
  const { cert } = ca.issue('old', { endDate: '20200102000000Z' });
  writeFileSync(ca.cert, readFileSync(ca.cert, 'utf8') + readFileSync(cert, 'utf8'));
  const address = stage.address();

  await serving(stage, [`--bind=${address}`, '--host=h1', ...flags]);

  expect((await status(stage, address, flags)).code).toBe(0);
});

test('HTTP keeps its certificate when the renewed one has expired', async ({ stage }) => {
  const ca = authorityOf(stage, 'ca');
  const own = ca.issue('own');
  const expired = ca.issue('expired', { endDate: '20200102000000Z' });
  const http = ['--http=127.0.0.1', `--http-cert=${own.cert}`, `--http-key=${own.key}`];
  const server = await serving(stage, [`--bind=${stage.address()}`, '--host=h1', ...http]);
  await server.said({ event: 'view-complete' });

  copyFileSync(expired.cert, own.cert);
  copyFileSync(expired.key, own.key);
  server.signal('SIGHUP');
  const { reason } = await server.said({ event: 'trust-unchanged' });

  expect(reason).toContain(`certificate ${own.cert} has expired`);
  expect((await server.end('SIGTERM')).code).toBe(0);
});

test('files of HTTP that cannot be used are named at the start', async ({ stage }) => {
  const ca = authorityOf(stage, 'ca');
  const [one, other] = [ca.issue('one'), ca.issue('other')];
  const serve = async (cert: string, key: string): Promise<string> => {
    const http = ['--http=127.0.0.1', `--http-cert=${cert}`, `--http-key=${key}`];
    const { code, stderr } = await stage.run(['serve', `--bind=${stage.address()}`, ...http]);
    expect(code).toBe(2);
    return stderr;
  };

  expect(await serve(one.cert, other.key)).toMatch(/key \S+ does not belong to certificate /);
  expect(await serve(one.key, one.key)).toMatch(/there is no certificate in /);
  const { cert, key } = ca.issue('client', { extendedKeyUsage: 'clientAuth' });
  expect(await serve(cert, key)).toMatch(/is not meant for server authentication: /);
  lockKey(stage, one);
  expect(await serve(one.cert, one.key)).toMatch(/key \S+ has a passphrase, /);
});

test('SIGHUP takes a new CA, and closes what came with the old one', async ({ stage }) => {
  const { ca, own, address, server } = await certified(stage);
  const sidecar = registering(stage, address, ca.issue('client').flags);
  await sidecar.said({ event: 'registered' });
  const fresh = authorityOf(stage, 'fresh');
  const renewed = fresh.issue('renewed');
  copyFileSync(renewed.cert, own.cert);
  copyFileSync(renewed.key, own.key);
  copyFileSync(fresh.cert, ca.cert);

  server.signal('SIGHUP');
  await server.said({ event: 'trust-reread' });
  await server.said({ event: 'instance-removed', cause: 'closed' });
  const found = await status(stage, address, fresh.issue('late').flags);

  expect(found.code).toBe(0);
  // The client's own CA file is the new one too, and its certificate is of the old one.
  await sidecar.said({ event: 'lost' });
});

test('a certificate that cannot be used at SIGHUP changes nothing, be it expired or cut off', async ({
  stage,
}) => {
  const { ca, own, address, server } = await certified(stage);
  const client = ca.issue('client');
  const expired = ca.issue('expired', { endDate: '20200102000000Z' });

  copyFileSync(expired.cert, own.cert);
  copyFileSync(expired.key, own.key);
  server.signal('SIGHUP');
  const { reason } = await server.said({ event: 'trust-unchanged' });
  writeFileSync(own.cert, readFileSync(own.cert, 'utf8').slice(0, 100));
  server.signal('SIGHUP');
  await server.said({ event: 'trust-unchanged' });
  const { code } = await status(stage, address, client.flags);

  expect(reason).toContain(`certificate ${own.cert} has expired`);
  expect(code).toBe(0);
});

interface Certified {
  readonly ca: Authority;
  readonly own: Issuance;
  readonly address: string;
  readonly server: Running;
}

async function certified(stage: Stage): Promise<Certified> {
  const ca = authorityOf(stage, 'ca');
  const own = ca.issue('own');
  const address = stage.address();
  const server = await serving(stage, [`--bind=${address}`, '--host=h1', ...own.flags]);
  return { ca, own, address, server };
}

function status(stage: Stage, address: string, flags: readonly string[]) {
  return stage.run(['status', '--json', `--server=${address}:${PORT}`, ...flags]);
}

function registering(stage: Stage, address: string, flags: readonly string[]): Running {
  const words = ['--name=web', '--port=80', `--server=${address}`, '--log-format=json'];
  return stage.start(['register', ...words, ...flags]);
}

/** The answer for a client that is none of ours. */
function knock(stage: Stage, address: string, shown: Issuance & { readonly ca: Authority }) {
  const { cert, key, ca } = shown;
  return stage.spawn(openssl(address, ['-cert', cert, '-key', key, '-CAfile', ca.cert])).ended;
}

function openssl(address: string, words: readonly string[]): readonly string[] {
  return ['openssl', 's_client', '-connect', `${address}:${PORT}`, '-quiet', ...words];
}
