// Prometheus, its tools and the parser of its Python client, against a real server.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import type { Ended, Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';

const SHIPPED = join(import.meta.dirname, '../../packaging/prometheus');
const canRun = needs('prometheus');

async function startServer(stage: Stage): Promise<string> {
  const host = stage.address();
  const server = stage.start(['serve', '--log-format=json', '--host=h1', `--bind=${host}`]);
  await server.said({ event: 'view-complete' });
  const words = ['--name', 'web', '--port', '1', `--server=${host}`, '--log-format=json'];
  await stage.start(['register', ...words]).said({ event: 'registered' });
  await eventually(
    () => 'no HTTP',
    () => fetch(`http://${host}:17342/livez`).catch(() => undefined),
  );
  return host;
}

async function scraped(stage: Stage, host: string, accept: string): Promise<string> {
  const url = `http://${host}:17342/metrics?services=1`;
  const response = await fetch(url, { headers: { Accept: accept } });
  const file = join(stage.folder, `scraped-${accept.replaceAll(/\W/g, '-')}`);
  await writeFile(file, await response.text());
  return file;
}

async function run(stage: Stage, ...words: readonly string[]): Promise<Ended> {
  return await stage.spawn(words).ended;
}

test.skipIf(!canRun)('promtool finds nothing amiss in what a server exposes', async ({ stage }) => {
  const file = await scraped(stage, await startServer(stage), 'text/plain');

  const { code, stdout, stderr } = await run(
    stage,
    'sh',
    '-c',
    'promtool check metrics < "$0"',
    file,
  );

  expect([code, stdout, stderr]).toEqual([0, '', '']);
});

test.skipIf(!canRun)('each alert that is shipped fires and ends', async ({ stage }) => {
  const rules = await run(stage, 'promtool', 'check', 'rules', join(SHIPPED, 'rarangi.rules.yml'));
  const scenario = join(SHIPPED, 'rarangi.test.yml');
  const { code, stdout, stderr } = await run(stage, 'promtool', 'test', 'rules', scenario);

  expect([rules.code, rules.stderr]).toEqual([0, '']);
  expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
});

test.skipIf(!needs('python3-prometheus-client'))(
  'the parsers of Python read both formats, and find the same series in them',
  async ({ stage }) => {
    const host = await startServer(stage);
    const text = await scraped(stage, host, 'text/plain');
    const open = await scraped(stage, host, 'application/openmetrics-text; version=1.0.0');

    const { code, stdout, stderr } = await run(stage, '/usr/bin/python3', '-c', READER, text, open);

    expect([code, stderr]).toEqual([0, '']);
    const [inText, inOpen] = JSON.parse(stdout) as string[][];
    expect(inText!.length).toBeGreaterThan(100);
    expect(inOpen).toEqual(inText);
  },
);

/** Reads a file by each parser; prints the series of both. */
const READER = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as of_open
from prometheus_client.parser import text_string_to_metric_families as of_text
def series(read, file):
    families = list(read(open(file).read()))
    assert all(family.documentation for family in families)
    assert not [family.name for family in families if family.type in ('unknown', 'untyped')]
    return sorted(s.name + json.dumps(s.labels, sort_keys=True) for f in families for s in f.samples)
print(json.dumps([series(of_text, sys.argv[1]), series(of_open, sys.argv[2])]))
`;
