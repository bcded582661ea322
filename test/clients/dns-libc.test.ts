// The answers that programs get from the library that they are linked with, or that their language
// brings along, with the file that is shipped as their resolv.conf.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { needs } from '../support/needs.ts';
import type { Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';
import { RECIPES, startDnsHost, startElsewhere, ZONE } from './dns-world.ts';

const canRun = canMakeNetworks() && needs('knot-dnsutils');

const C = `
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}
int main(int argc, char **argv) {
  struct addrinfo hints, *found;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  for (int index = 1; index < argc; index += 1) {
    double since = now();
    int code = getaddrinfo(argv[index], NULL, &hints, &found);
    double took = now() - since;
    char text[64] = "";
    if (code == 0) inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, text, 64);
    puts(code == 0 ? text : code == EAI_NONAME ? "NONAME" : code == EAI_AGAIN ? "AGAIN" : "OTHER");
    if (code == EAI_NONAME && took > 500) printf("after %.0f ms\\n", took);
  }
}
`;

const JAVA = `
import java.net.*;
class Main {
  public static void main(String[] names) {
    for (String name : names) {
      try { System.out.println(InetAddress.getByName(name).getHostAddress()); }
      catch (UnknownHostException e) {
        System.out.println(e.getMessage().contains("Temporary failure") ? "AGAIN" : "NONAME");
      }
    }
  }
}
`;

const NODE = `
const { lookup } = require('node:dns/promises');
(async () => {
  for (const name of process.argv.slice(1)) {
    try { console.log((await lookup(name)).address); }
    catch (error) { console.log(error.code === 'ENOTFOUND' ? 'NONAME' : error.code); }
  }
})();
`;

interface Library {
  readonly name: string;
  readonly need: Parameters<typeof needs>[0] | null;
  /** Its message where the server cannot tell. */
  readonly again: string;
  /** Whether it looks for dotted names in the zone by its search list. */
  readonly searchesDotted: boolean;
  readonly words: (stage: Stage) => Promise<string>;
}

function compiled(compiler: string): Library['words'] {
  return async ({ folder }) => {
    await writeFile(join(folder, 'main.c'), C);
    return `cd ${folder} && ${compiler} -o main main.c && exec ./main`;
  };
}

const LIBRARIES: readonly Library[] = [
  { name: 'glibc', need: 'gcc', again: 'AGAIN', searchesDotted: true, words: compiled('gcc') },
  {
    name: 'musl',
    need: 'musl-tools',
    again: 'AGAIN',
    searchesDotted: false,
    words: compiled('musl-gcc -static'),
  },
  {
    name: 'Java',
    need: 'openjdk-17-jdk-headless',
    again: 'AGAIN',
    searchesDotted: true,
    words: async ({ folder }) => {
      await writeFile(join(folder, 'Main.java'), JAVA);
      return `cd ${folder} && exec java Main.java`;
    },
  },
  {
    name: 'Node.js',
    need: null,
    again: 'EAI_AGAIN',
    searchesDotted: true,
    words: () => Promise.resolve(`exec ${process.execPath} -e "$PROGRAM"`),
  },
];

/** As the file that is shipped wants it. */
const FLAGS = ['127.0.0.1', '127.0.0.2:53', '127.0.0.3:53'].flatMap((address) => [
  '--dns',
  address,
]);

/** The words that run such a program with the file that is shipped, once or as `around` says. */
function wordsOf(program: string, around = (main: string): string => main): string[] {
  const bind = `mount --bind ${join(RECIPES, 'resolv.conf')} /etc/resolv.conf`;
  const script = `${bind} && ${around(program)}`;
  return ['env', `PROGRAM=${NODE}`, 'unshare', '--mount', 'sh', '-c', script];
}

for (const { name, need, again, searchesDotted, words } of LIBRARIES) {
  const isThere = canRun && (need === null || needs(need));
  test.skipIf(!isThere)(`${name} finds services, and is told none`, async ({ stage }) => {
    const host = await startDnsHost(stage, FLAGS);
    await host.offer('web', 8_000);
    await host.offer('api.v2', 8_001);
    const names = ['web', `web.${ZONE}`, 'api.v2', `api.v2.${ZONE}`, `none.${ZONE}`];
    const asked = wordsOf(`${await words(stage)} ${names.join(' ')}`);
    const { stdout, stderr } = await host.run(asked);

    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      // What is no service is asked for as a name of the world, which is refused here.
      searchesDotted ? '127.0.0.1' : again,
      '127.0.0.1',
      'NONAME',
    ]);
  });

  test.skipIf(!isThere)(
    `${name} is told to try again, and never none, where nobody can tell`,
    async ({ stage }) => {
      const host = await startDnsHost(stage, FLAGS);
      const elsewhere = await startElsewhere(stage, host, [8_000]);
      await elsewhere.cutOff();

      const program = `${await words(stage)} none.${ZONE} web.${ZONE}`;
      const { stdout, stderr } = await host.run(wordsOf(program));

      expect(stderr).toBe('');
      expect(stdout.trim().split('\n')).toEqual([again, '127.0.0.1']);
    },
  );
}

test.skipIf(!canRun || !needs('gcc'))(
  'while a server starts nobody is told none of what is there',
  async ({ stage }) => {
    const host = await startDnsHost(stage, FLAGS);
    await host.offer('web', 8_000);
    const program = await compiled('gcc')(stage);
    const loop = (main: string): string =>
      `${main.replace('exec ', '')} web.${ZONE} && ` +
      `while [ ! -e enough ]; do ./main web.${ZONE}; done`;
    const asking = host.spawn(wordsOf(program, loop));
    await asking.line(/^127\.0\.0\.1$/);

    for (const server of [host.a, host.b]) {
      await server.end('SIGKILL');
      await host.serve();
      await host.answers();
    }
    await writeFile(join(stage.folder, 'enough'), '');
    const { stdout } = await asking.ended;

    expect([...new Set(stdout.trim().split('\n'))]).toEqual(['127.0.0.1']);
  },
);
