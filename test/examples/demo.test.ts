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
