// `npm start`, in a network of its own: it takes the ports of development.

import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { test } from '../support/processes.ts';

const DEMO = join(import.meta.dirname, '../../bin/demo.mjs');

test.skipIf(!canMakeNetworks())(
  'a demo whose reader goes away stops the servers that it started',
  { timeout: 60_000 },
  async ({ stage }) => {
    const within = await stage.openNamespace();
    const inside = (script: string) => stage.spawn([...within.enter, 'sh', '-c', script]).ended;

    const { stdout, stderr } = await inside(`${process.execPath} ${DEMO} | head -4`);
    const { stdout: listening } = await inside('ss -Hltn');

    expect([stdout, stderr]).toEqual([expect.stringContaining('127.0.0.1:17340'), '']);
    expect(listening).toBe('');
  },
);

test.skipIf(!canMakeNetworks())(
  'the service that the demo says to kill is killed, and the demo says what followed',
  { timeout: 60_000 },
  async ({ stage }) => {
    const within = await stage.openNamespace();
    const script = `${process.execPath} ${DEMO} | while read -r line; do
      echo "$line"
      case $line in
        'kill -9 '*) pid=\${line#kill -9 } doomed=\${pid%% *} ;;
        'Ctrl-C here stops the servers and'*) kill -9 $doomed ;;
        'Ctrl-C here stops the servers.') break ;;
      esac
    done`;

    const { stdout } = await stage.spawn([...within.enter, 'sh', '-c', script]).ended;

    const [, after = ''] = stdout.split('Ctrl-C here stops the servers and the service.\n');
    expect(after).toContain('exit 137');
    expect(after.match(/no instance of web; .* exit 1$/gm)).toHaveLength(2);
  },
);
