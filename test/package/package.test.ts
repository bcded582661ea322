// The package as npm makes it, installed where nothing else is: what a new user has. Dependencies
// come from the cache of npm where it has them.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { openHome, programsShown, ROOT, writeProgram } from '../examples/programs.ts';
import { test, type Ended, type Stage } from '../support/processes.ts';

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

/** Makes the package of what is built; its path. */
async function pack(stage: Stage): Promise<string> {
  const words = ['npm', 'pack', ROOT, '--silent', '--ignore-scripts'];
  const { stdout } = await succeed(stage, words);
  return join(stage.folder, stdout.trim().split('\n').at(-1)!);
}

test(
  'installed into an empty folder, its types resolve, and the programs of the README run',
  async ({ stage }) => {
    const folder = join(stage.folder, 'app');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    await succeed(stage, [...INSTALL, '--prefix', folder, await pack(stage)]);
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
  'installed into an empty prefix, rarangi runs, and its manual is where man looks',
  async ({ stage }) => {
    const prefix = join(stage.folder, 'prefix');
    await succeed(stage, [...INSTALL, '--global', '--prefix', prefix, await pack(stage)]);

    const { stdout } = await succeed(stage, [join(prefix, 'bin/rarangi'), '--version']);

    const { version, man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
      man: string[];
    };
    const pages = readdirSync(join(prefix, 'share/man'), { recursive: true, encoding: 'utf8' });
    expect(stdout).toContain(`rarangi/${version}`);
    expect(pages.filter((page) => /\.\d$/.test(page)).sort()).toEqual(
      man.map((page) => `man${page.at(-1)!}/${page.replace('man/', '')}`).sort(),
    );
  },
  INSTALL_MS_MAX,
);

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
