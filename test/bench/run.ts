// `npm run bench -- [--quick] [--json FILE] [--profile FOLDER] [ROW...]`: measures, prints the table,
// and leaves it as JSON, and a profile of each server, where they are wanted. No figure fails
// anything: the machine is part of it.

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

import { openBench } from './processes.ts';
import { type Numbers, type Result, tableOf } from './numbers.ts';
import type { Figure, Row } from './row.ts';
import { churn } from './rows/churn.ts';
import { dns } from './rows/dns.ts';
import { dnsFlood } from './rows/dns-flood.ts';
import { dnsRemoval } from './rows/dns-removal.ts';
import { doors } from './rows/doors.ts';
import { fanout } from './rows/fanout.ts';
import { growth } from './rows/growth.ts';
import { http } from './rows/http.ts';
import { httpFanout, httpRemoval } from './rows/http-watch.ts';
import { idle } from './rows/idle.ts';
import { leaf } from './rows/leaf.ts';
import { link } from './rows/link.ts';
import { master } from './rows/master.ts';
import { page } from './rows/page.ts';
import { propagation } from './rows/propagation.ts';
import { reads } from './rows/reads.ts';
import { removal } from './rows/removal.ts';
import { restart } from './rows/restart.ts';
import { start } from './rows/start.ts';
import { storm } from './rows/storm.ts';
import { sync } from './rows/sync.ts';

const ROWS = [
  start,
  propagation,
  removal,
  reads,
  dns,
  dnsRemoval,
  dnsFlood,
  http,
  httpRemoval,
  httpFanout,
  doors,
  sync,
  idle,
  fanout,
  churn,
  storm,
  restart,
  leaf,
  master,
  link,
  page,
  growth,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    profile: { type: 'string' },
  },
});
const strangers = positionals.filter((name) => !ROWS.some((row) => row.name === name));
if (strangers.length > 0) {
  console.error(`no such row: ${strangers.join(' ')}; there are ${ROWS.map(nameOf).join(' ')}`);
  process.exit(2);
}
const wanted = ROWS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const machine = machineText();
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
console.log(`${machine}\n`);
const results: Result[] = [];
for (const row of wanted) {
  const { name, title, method } = row;
  const result = { row: name, title, method, figures: await measured(row) };
  results.push(result);
  console.log(`${tableOf([result])}\n`);
}
if (values.json !== undefined) {
  const numbers: Numbers = { version, machine, isQuick: values.quick, results };
  writeFileSync(values.json, `${JSON.stringify(numbers, null, 2)}\n`);
}
process.exit(results.some(({ figures }) => figures.length === 0) ? 1 : 0);

/** A row that does not work costs its own figures only. */
async function measured(row: Row): Promise<Figure[]> {
  const bench = openBench(values.profile);
  try {
    return await row.measure(bench, values.quick);
  } catch (error) {
    console.error(`${row.name} could not be measured:`, error);
    return [];
  } finally {
    await bench.close();
  }
}

function machineText(): string {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const processors = `${String(cpus().length)} × ${cpu?.model ?? 'processor'}`;
  return `${processors}, ${String(gigabytes)} GiB, Linux ${release()}, Node.js ${process.version}`;
}

function nameOf({ name }: Row): string {
  return name;
}
