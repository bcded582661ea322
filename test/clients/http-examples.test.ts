// The programs of examples/http, in languages that rarangi has no library for.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import type { Need } from '../support/needs.ts';
import { needs } from '../support/needs.ts';
import type { Running, Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';

interface Language {
  readonly language: string;
  readonly need: Need;
  /** What ends it. A shell that is killed leaves the programs that it has started behind. */
  readonly signal: NodeJS.Signals;
  /** The command that runs the program; what is to be made of it first goes to the folder. */
  readonly prepare: (folder: string) => readonly string[];
}

/** Compilers take their time on a busy machine. */
const SLOW_MS = 180_000;

const at = (file: string): string => join(import.meta.dirname, '../../examples/http', file);

const LANGUAGES: readonly Language[] = [
  {
    language: 'shell',
    need: 'curl',
    signal: 'SIGTERM',
    prepare: () => ['sh', at('service.sh')],
  },
  {
    language: 'Python',
    need: 'python3',
    signal: 'SIGKILL',
    prepare: () => ['python3', at('service.py')],
  },
  {
    language: 'Go',
    need: 'golang-go',
    signal: 'SIGKILL',
    prepare: (folder) => {
      const program = join(folder, 'service');
      const words = ['build', '-o', program, at('service.go')];
      const { status, stderr } = spawnSync('go', words, {
        env: { ...process.env, GOCACHE: join(folder, 'cache') },
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
      return [program];
    },
  },
  {
    language: 'Java',
    need: 'openjdk-17-jdk-headless',
    signal: 'SIGKILL',
    prepare: (folder) => {
      const { status, stderr } = spawnSync('javac', ['-d', folder, at('Service.java')], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
      return ['java', '-cp', folder, 'Service'];
    },
  },
];

/** A host with two servers, and both addresses of its HTTP. */
async function startHost(stage: Stage): Promise<{
  readonly host: string;
  readonly a: Running;
  readonly env: NodeJS.ProcessEnv;
}> {
  const host = stage.address();
  const servers: Running[] = [];
  const sides = [17_342, 17_343].map((port) => `http://${host}:${String(port)}`);
  for (const side of sides) {
    const server = stage.start(['serve', '--log-format=json', '--host=h1', `--bind=${host}`]);
    await server.said({ event: 'view-complete' });
    await eventually(
      () => `HTTP at ${side}`,
      () => fetch(`${side}/livez`).catch(() => undefined),
    );
    servers.push(server);
  }
  const [first] = servers;
  if (first === undefined) throw new Error('there is no server');
  return { host, a: first, env: { RARANGI_HTTP: sides.join(' ') } };
}

for (const { language, need, signal, prepare } of LANGUAGES) {
  test.skipIf(!needs(need))(
    `a service in ${language} is there without a gap while one server is killed, and ends with its program`,
    async ({ stage }) => {
      const program = prepare(stage.folder);
      const { host, a, env } = await startHost(stage);
      const watch = stage.start(['lookup', 'web', '--watch', `--server=${host}`]);
      await watch.printed({ change: 'synced' });

      const service = stage.spawn([...program, 'register', 'web', '8000'], { env });
      await service.said({ event: 'registered', server: 'h1-a' });
      await service.said({ event: 'registered', server: 'h1-b' });
      await watch.printed({ change: 'added' });
      await a.end('SIGKILL');
      const found = await stage.run(['lookup', 'web', `--server=${host}`]);
      // It comes again to the server that is there again.
      stage.start(['serve', '--log-format=json', '--host=h1', `--bind=${host}`]);
      await service.said({ event: 'registered', server: 'h1-a' });
      service.signal(signal);
      await watch.printed({ change: 'removed' });
      const none = await stage.run(['lookup', 'web', `--server=${host}`]);

      expect(found).toMatchObject({ code: 0, stdout: `${host}:8000\n` });
      expect(watch.allPrinted({ change: 'added' })).toHaveLength(1);
      expect(watch.allPrinted({ change: 'removed' })).toHaveLength(1);
      expect(none.code).toBe(1);
    },
    SLOW_MS,
  );

  test.skipIf(!needs(need))(
    `a program in ${language} looks up and watches, also when one server is killed`,
    async ({ stage }) => {
      const program = prepare(stage.folder);
      const { host, a, env } = await startHost(stage);
      const none = await stage.spawn([...program, 'lookup', 'web'], { env }).ended;
      const offer = ['register', '--log-format=json', `--server=${host}`, '--name=web'];
      const watch = stage.spawn([...program, 'watch', 'web'], { env });

      const first = stage.start([...offer, '--port=8000']);
      await first.said({ event: 'registered' });
      await watch.line(/8000/);
      const found = await stage.spawn([...program, 'lookup', 'web'], { env }).ended;
      await a.end('SIGKILL');
      await stage.start([...offer, '--port=8001']).said({ event: 'registered' });
      await watch.line(/8001/);
      const both = await stage.spawn([...program, 'lookup', 'web'], { env }).ended;

      expect([none.code, none.stdout]).toEqual([1, '']);
      expect([found.code, found.stdout]).toEqual([0, `${host}:8000\n`]);
      expect(new Set(both.stdout.trim().split('\n'))).toEqual(
        new Set([`${host}:8000`, `${host}:8001`]),
      );
    },
    SLOW_MS,
  );
}

test.skipIf(!needs('python3'))(
  'a program that is refused ends, and says why',
  async ({ stage }) => {
    const { env } = await startHost(stage);
    const program = ['python3', at('service.py'), 'register', 'not a name', '8000'];

    const { code, stderr } = await stage.spawn(program, { env }).ended;

    expect(code).toBe(1);
    expect(stderr).toContain('refused');
  },
);
