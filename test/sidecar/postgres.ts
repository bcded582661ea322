// A PostgreSQL of a test's own, in a folder of its own, run by a user that it lets run it.

import { execFileSync } from 'node:child_process';
import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A database that may be started. */
export interface Postgres {
  /** The words that start it, at `{port}` of 127.0.0.1. */
  readonly command: readonly string[];
  /** A probe of whether it answers. */
  readonly probe: string;
}

/** Makes a database in a folder; every user called `postgres` may use it. */
export function makePostgres(folder: string): Postgres {
  const [version = ''] = readdirSync('/usr/lib/postgresql');
  const bin = `/usr/lib/postgresql/${version}/bin`;
  // It does not run as root.
  const asUser = process.getuid?.() === 0 ? ['setpriv', ...USER, '--'] : [];
  if (asUser.length > 0) chownSync(folder, Number(output('id', ['-u', 'postgres'])), -1);
  const data = join(folder, 'data');
  const access = ['-A', 'trust', '-U', 'postgres'];
  output('env', [...asUser, `${bin}/initdb`, '-D', data, ...access, '--no-sync']);
  return {
    command: [...asUser, `${bin}/postgres`, '-D', data, '-p', '{port}', '-k', folder],
    probe: `exec:${bin}/pg_isready -h 127.0.0.1 -p {port}`,
  };
}

/** The output of a program; throws when it fails. */
export function output(file: string, words: readonly string[]): string {
  return execFileSync(file, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

const USER = ['--reuid=postgres', '--regid=postgres', '--clear-groups'];
