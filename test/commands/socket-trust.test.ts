// In /run/rarangi the owner of the folder is the user that servers run as, as long as only root may
// write into /run: its sockets are believed, and those of root and of oneself.

import { expect } from 'vitest';

import { needs } from '../support/needs.ts';
import { test } from '../support/processes.ts';

const SOCKET = '/run/rarangi/mine-a.sock';

test.skipIf(!needs('util-linux') || !needs('iproute2'))(
  'a socket in /run/rarangi is believed only where nobody else could have put it',
  async ({ stage }) => {
    const within = await stage.openNamespace();
    const serve = ['serve', '--environment=mine', '--bind=127.0.0.1:4000', '--log-format=json'];
    const server = stage.start(serve, { within });
    await server.said({ event: 'server-started' });
    const lookup = ['lookup', 'web', '--environment=mine'];
    const askAfter = async (command: string) => {
      await stage.spawn(['sh', '-c', command], { within }).ended;
      const { code, stderr } = await stage.run(lookup, { within });
      return { code, why: /not trusted: (.*?) \(|not trusted: (.*)/.exec(stderr)?.[0] ?? null };
    };

    const own = await askAfter('true');
    const another = await askAfter(`chown 1234 ${SOCKET}`);
    const users = await askAfter('chown 1234 /run/rarangi');
    const open = await askAfter('chmod 1777 /run');
    const named = await stage.run([...lookup, `--server=${SOCKET}`], { within });

    expect(own).toEqual({ code: 1, why: null });
    expect(another.code).toBe(3);
    expect(another.why).toContain(
      `not trusted: ${SOCKET} belongs to user 1234, and its folder to user 0`,
    );
    expect(users).toEqual({ code: 1, why: null });
    expect(open.code).toBe(3);
    expect(open.why).toContain('not trusted: users other than root may write into /run');
    expect(named.code).toBe(1);
  },
);
