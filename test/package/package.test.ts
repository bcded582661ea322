// The package as npm makes it, installed where nothing else is, without a registry and without a
// cache: what a host without a way out has. npm installs it once, for all users; a program that
// embeds it finds that by a link.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import { openHome, programsShown, ROOT, writeProgram } from '../examples/programs.ts';
import { test as stagedTest } from '../support/processes.ts';

/** A half of it is what it runs on. */
const PACKAGE_BYTES_MAX = 3_000_000;

/** npm takes 10 s of a quiet machine, and many times that of one that has other things to do. */
const INSTALL_MS_MAX = 180_000;

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/**
 * Installs the package for all users; nobody listens where npm would ask for more. Nothing that npm
 * warns of is of our making, such as a script that it would not run.
 */
function install(tarball: string, prefix: string): void {
  const cache = mkdtempSync(join(tmpdir(), 'rarangi-'));
  const cut = ['--offline', '--registry=http://127.0.0.1:9', `--cache=${cache}`];
  const quiet = ['--no-audit', '--no-fund', '--loglevel=warn'];
  const all = ['install', '--global', ...cut, ...quiet, `--prefix=${prefix}`, tarball];
  const { status, stderr } = spawnSync('npm', all, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  rmSync(cache, { recursive: true });
}

/** Where the package is in a prefix. */
function homeIn(prefix: string): string {
  return join(prefix, 'lib/node_modules/rarangi');
}

/** A folder for all tests of the file. */
async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rarangi-'));
  await use(folder);
  rmSync(folder, { recursive: true });
}

/** A test with the package, made of what is built, and with where it is installed for all users. */
const test = stagedTest
  .extend<{ tarball: string }>({
    tarball: [
      async ({}, use) => {
        await withFolder(async (folder) => {
          copySource(folder);
          execFileSync('npm', ['pack', '--silent', '--ignore-scripts'], { cwd: folder });
          const made = readdirSync(folder).find((name) => name.endsWith('.tgz'));
          await use(join(folder, made!));
        });
      },
      { scope: 'file' },
    ],
  })
  .extend<{ prefix: string }>({
    prefix: [
      async ({ tarball }, use) => {
        await withFolder(async (prefix) => {
          install(tarball, prefix);
          await use(prefix);
        });
      },
      { scope: 'file' },
    ],
  });

test(
  'for a program in an empty folder its types resolve, and the programs that are shown run',
  async ({ stage, prefix }) => {
    const folder = join(stage.folder, 'app');
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    symlinkSync(homeIn(prefix), join(folder, 'node_modules/rarangi'));
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
  async ({ stage, prefix }) => {
    const { stdout } = await stage.spawn([join(prefix, 'bin/rarangi'), '--version']).ended;

    const { version, man } = manifest();
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

test(
  'what is installed is what the lock file has, and it serves, registers and looks up',
  async ({ stage, tarball, prefix }) => {
    const rarangi = join(prefix, 'bin/rarangi');
    const bind = stage.address();
    const at = `--server=${bind}`;

    const server = stage.spawn([rarangi, 'serve', `--bind=${bind}`, '--log-format=json']);
    await server.said({ event: 'view-complete' });
    const words = ['register', at, '--name=db', '--port=9', '--ready=none', '--', 'sleep', '1h'];
    const service = stage.spawn([rarangi, ...words]);
    const found = await stage.spawn([rarangi, 'lookup', at, 'db', '--wait=30s']).ended;
    const helped = await stage.spawn([rarangi, 'help', 'serve']).ended;
    await service.end();

    const home = homeIn(prefix);
    const wrong = modulesLocked().filter(
      ([folder, { version, optional }]) =>
        optional !== true && versionIn(join(home, folder)) !== version,
    );
    expect(found).toMatchObject({ code: 0, stdout: `${bind}:9\n` });
    expect(helped.code).toBe(0);
    expect(wrong).toEqual([]);
    expect(statSync(tarball).size).toBeLessThan(PACKAGE_BYTES_MAX);
  },
  INSTALL_MS_MAX,
);

function versionIn(folder: string): string {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

interface Manifest {
  readonly version: string;
  readonly man: readonly string[];
  readonly files: readonly string[];
}

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

function manifest(): Manifest {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
}

/** The modules that go with the package: their folders, by the lock file. */
function modulesLocked(): [folder: string, Locked][] {
  const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
  return Object.entries(packages).filter(
    ([folder, { dev, devOptional }]) => folder !== '' && dev !== true && devOptional !== true,
  );
}

/** npm follows no link to modules elsewhere, as a worktree may have it: so they are copied, too. */
function copySource(folder: string): void {
  const tops = manifest().files.map((path) => path.split('/')[0]!);
  const copied = ['package.json', 'README.md', 'LICENSE', ...tops];
  const modules = modulesLocked().filter(([, { optional }]) => optional !== true);
  for (const path of new Set([...copied, ...modules.map(([path]) => path)])) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
}

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

/** Folders for users without the Debian package. */
const SHIPPED = ['completion', 'man', 'packaging/systemd'];

/** A program that has neither the types of Node.js nor a library newer than ES2022. */
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
