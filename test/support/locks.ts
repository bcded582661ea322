// Secrets, certificates and locked servers for tests.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Running, Stage } from './processes.ts';

/** A new secret. */
export function madeSecret(): string {
  return randomBytes(32).toString('hex');
}

/** Writes secrets into a file, one a line, and returns its path. */
export function secretFileOf(stage: Stage, name: string, ...secrets: readonly string[]): string {
  const path = join(stage.folder, name);
  writeFileSync(path, `${secrets.join('\n')}\n`, { mode: 0o600 });
  return path;
}

/** Starts a server. Resolves when its sockets listen. */
export async function serving(stage: Stage, words: readonly string[]): Promise<Running> {
  const server = stage.start(['serve', '--log-format=json', ...words]);
  await server.said({ event: 'server-started' });
  return server;
}

/** A certificate authority of the test's own, made by openssl. */
export interface Authority {
  readonly cert: string;
  /** Issues a certificate; returns the flags that have it used. */
  issue(name: string, given?: Issued): Issuance;
}

/** The content of a certificate. */
export interface Issued {
  /** Of its subjectAltName; `URI:rarangi:development` if absent. */
  readonly altName?: string;
  /** When it begins; long ago if absent, a date as the next. */
  readonly startDate?: string;
  /** When it expires; far in the future if absent, a date such as 20200101000000Z. */
  readonly endDate?: string;
  /** Its use, such as `serverAuth`; any if absent. */
  readonly extendedKeyUsage?: string;
}

/** Where a certificate is. */
export interface Issuance {
  readonly cert: string;
  readonly key: string;
  readonly flags: readonly string[];
}

/** Makes a certificate authority in the folder of the test. */
export function authorityOf(stage: Stage, name: string): Authority {
  const cert = join(stage.folder, `${name}.pem`);
  const key = join(stage.folder, `${name}.key`);
  openssl(stage, [
    'req',
    '-x509',
    ...NEW_KEY,
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    `/CN=${name}`,
  ]);
  return {
    cert,
    issue: (subject, given = {}) => issue(stage, { cert, key, name: subject }, given),
  };
}

function issue(
  stage: Stage,
  ca: { readonly cert: string; readonly key: string; readonly name: string },
  given: Issued,
): Issuance {
  const { altName = 'URI:rarangi:development', extendedKeyUsage } = given;
  const { startDate = '20200101000000Z', endDate = '20991231235959Z' } = given;
  const at = (suffix: string): string => join(stage.folder, `${ca.name}.${suffix}`);
  const [cert, key, request, settings] = [at('pem'), at('key'), at('csr'), at('cnf')];
  openssl(stage, ['req', '-new', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', '/CN=x']);
  writeFileSync(at('db'), '');
  writeFileSync(
    settings,
    `[ca]
default_ca=own
[own]
database=${at('db')}
new_certs_dir=${stage.folder}
default_md=sha256
policy=any
rand_serial=yes
unique_subject=no
[any]
commonName=optional
[names]
subjectAltName=@alternatives
${extendedKeyUsage === undefined ? '' : `extendedKeyUsage=${extendedKeyUsage}`}
[alternatives]
${altName.replace(':', '.1=')}
`,
  );
  const issuer = ['-cert', ca.cert, '-keyfile', ca.key, '-in', request, '-out', cert];
  const dates = ['-startdate', startDate, '-enddate', endDate];
  openssl(stage, [
    'ca',
    '-batch',
    '-config',
    settings,
    ...issuer,
    ...dates,
    '-extensions',
    'names',
  ]);
  chmodSync(key, 0o600);
  return {
    cert,
    key,
    flags: [`--tls-cert=${cert}`, `--tls-key=${key}`, `--tls-ca=${ca.cert}`],
  };
}

/** Writes a key anew, with a passphrase. */
export function lockKey(stage: Stage, { key }: Issuance): void {
  openssl(stage, [
    'pkey',
    '-in',
    key,
    '-aes256',
    '-passout',
    'pass:secret',
    '-out',
    `${key}.locked`,
  ]);
  renameSync(`${key}.locked`, key);
}

/** Runs openssl to its end; what it says on both streams. Throws when it fails. */
function openssl({ folder }: Stage, words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', words, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${words.join(' ')}: ${stderr}`);
  return stdout + stderr;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
