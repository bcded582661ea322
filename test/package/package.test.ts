// The package as npm makes it, installed where nothing else is: what a new user has. Dependencies
// come from the cache of npm where it has them.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import { openHome, programsShown, ROOT, writeProgram } from '../examples/programs.ts';
import { test as stagedTest, type Ended, type Stage } from '../support/processes.ts';

/** npm takes 10 s of a quiet machine, and many times that of one that has other things to do. */
const INSTALL_MS_MAX = 180_000;

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const INSTALL = ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund'];

/** Runs a command to its end; it must succeed. */
async function succeed(stage: Stage, words: readonly string[]): Promise<Ended> {
  const ended = await stage.spawn(words).ended;
  if (ended.code !== 0) throw new Error(`${words.join(' ')}:\n${ended.stdout}${ended.stderr}`);
  return ended;
}

/** A test with the package, which is made once of what is built: its path. */
const test = stagedTest.extend<{ tarball: string }>({
  tarball: [
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), 'rarangi-'));
      const words = ['pack', ROOT, '--silent', '--ignore-scripts', '--pack-destination', folder];
      execFileSync('npm', words);
      await use(join(folder, readdirSync(folder)[0]!));
      rmSync(folder, { recursive: true });
    },
    { scope: 'file' },
  ],
});

test(
  'installed into an empty folder, its types resolve, and the programs that are shown run',
  async ({ stage, tarball }) => {
    const folder = join(stage.folder, 'app');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    await succeed(stage, [...INSTALL, '--prefix', folder, tarball]);
    const home = await openHome(stage);
    const typed = programsShown().filter(({ code }) => !code.includes('fastify'));
    const [first] = typed;
    writeFileSync(join(folder, 'typed.ts'), CONSUMER);
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];

    const compiled = await stage.spawn([
      process.execPath,
      TSC,
      ...options,
      '--ignoreConfig',
      join(folder, 'typed.ts'),
    ]).ended;
    const ran = await home.node(writeProgram(folder, first!, home.environment)).ended;

    expect([compiled.stdout, compiled.code]).toEqual(['', 0]);
    expect([ran.stdout.trimEnd().split('\n'), ran.stderr]).toEqual([first!.prints, '']);
  },
  INSTALL_MS_MAX,
);

test(
  'installed into an empty prefix, rarangi runs; manual, completion and units are where they say',
  async ({ stage, tarball }) => {
    const prefix = join(stage.folder, 'prefix');
    await succeed(stage, [...INSTALL, '--global', '--prefix', prefix, tarball]);

    const { stdout } = await succeed(stage, [join(prefix, 'bin/rarangi'), '--version']);

    const { version, man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
      man: string[];
    };
    const pages = filesBelow(join(prefix, 'share/man'));
    const installed = filesBelow(join(prefix, 'lib/node_modules'));
    expect(stdout).toContain(`rarangi/${version}`);
    expect(pages.filter((page) => /\.\d$/.test(page)).sort()).toEqual(
      man.map((page) => `man${page.at(-1)!}/${page.replace('man/', '')}`).sort(),
    );
    expect(pathsShown()).not.toEqual([]);
    expect(installed).toEqual(expect.arrayContaining(pathsShown()));
    expect(installed).toEqual(expect.arrayContaining(SHIPPED.flatMap(filesOf)));
  },
  INSTALL_MS_MAX,
);

/** What the documents have people use of the installed package, below `npm root --global`. */
function pathsShown(): string[] {
  const pages = ['README.md', 'docs/guide.md', 'docs/operations.md'];
  const text = pages.map((page) => readFileSync(join(ROOT, page), 'utf8')).join('\n');
  const paths = [...text.matchAll(/\(npm root --global\)\/(rarangi\/[\w./-]+)/g)];
  return paths.map((match) => match[1]!);
}

/** The files of a folder of the repository, as they are called where they are installed. */
function filesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).map((file) => join('rarangi', folder, file));
}

/** Everything below a folder, folders included. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}

/** Folders that come along for those who do without the Debian package. */
const SHIPPED = ['completion', 'man', 'packaging/systemd'];

/** Whoever has neither the types of Node.js nor a library newer than ES2022. */
const CONSUMER = `
import { connect, lookup, RarangiError, serve, watch } from 'rarangi';
import type { Client, InstanceInfo, RarangiErrorCode, RegistrationHandle } from 'rarangi';
import { MESSAGES } from 'rarangi/protocol';

export async function main(signal: AbortSignal): Promise<InstanceInfo[]> {
  await using server = await serve({ environment: 'mine', bind: '127.0.0.1:0', socket: 'none' });
  await using client: Client = connect({ environment: 'mine', servers: [server.bound], signal });
  const handle: RegistrationHandle = client.register({ name: 'db', port: 5432, tags: { a: 'b' } });
  handle.on('lost', ({ server: name, reason }) => name + reason);
  const one = await client.resolve('db', { choice: 'random', except: [], waitMs: 5, signal });
  const port: number = one.port;
  for await (const { change, instance } of client.watch('db')) {
    if (change === 'added' && instance?.state === 'stale') break;
  }
  for await (const { cause } of watch('db')) if (cause === 'crash') break;
  const { instances } = await lookup('db', { tags: { port: String(port) } });
  const code: RarangiErrorCode = new RarangiError('RARANGI_NONE', 'none').code;
  // @ts-expect-error a port is a number
  client.register({ name: code, port: '5432' });
  return Object.keys(MESSAGES).length > 0 ? instances : [];
}
`;
