// The feed of the status page at real servers: all at first, then the changes.

import { expect } from 'vitest';
import { Door, type Lines, openDoor } from '../support/door.ts';
import { allComplete, startHosts } from '../support/hosts.ts';
import { test } from '../support/processes.ts';

type Event = Readonly<Record<string, unknown>>;

/** The present knowledge of a page, by kind of event. */
class Page {
  readonly servers = new Map<string, Event>();
  readonly services = new Map<string, Event>();
  readonly rows: Event[] = [];
  readonly kinds: string[] = [];
  status: Event = {};
  readonly #lines: Lines;

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  static async open(door: Pick<Door, 'stream'>): Promise<Page> {
    return new Page(await door.stream('/v1/feed'));
  }

  async until(isEnough: (page: Page) => boolean): Promise<void> {
    while (!isEnough(this)) {
      const event = await this.#lines.next();
      if (event === null) throw new Error(`the feed ended: ${JSON.stringify([...this.services])}`);
      this.#take(event);
    }
  }

  end(): void {
    this.#lines.asked.destroy();
  }

  #take(event: Event): void {
    this.kinds.push(String(event['event']));
    if (event['event'] === 'status') this.status = event;
    if (event['event'] === 'peers') merge(this.servers, event, 'servers');
    if (event['event'] === 'services') merge(this.services, event, 'services');
    if (event['event'] === 'history') this.rows.push(...(event['rows'] as Event[]));
  }
}

function merge(known: Map<string, Event>, event: Event, rows: string): void {
  if (event['whole'] === true) known.clear();
  for (const row of event[rows] as Event[]) known.set(String(row['name']), row);
  for (const name of event['gone'] as string[]) known.delete(name);
}

test('the feed tells all that there is, then what changes of it', async ({ stage }) => {
  const door = await openDoor(stage);
  const web = await door.register({ service: 'web', port: 1 });
  await web.next();
  const page = await Page.open(door);
  await page.until(({ kinds }) => kinds.length >= 4);
  const first = [...page.kinds];
  const atFirst = [page.status, [...page.servers.values()], [...page.services.values()]];

  const db = await door.register({ service: 'db', port: 2 });
  await db.next();
  await page.until(({ services }) => services.has('db'));
  web.asked.destroy();
  await page.until(({ services }) => !services.has('web'));
  await page.until(({ rows }) => rows.some((row) => row['event'] === 'removed'));

  expect(first).toEqual(['status', 'peers', 'services', 'history']);
  expect(atFirst).toMatchObject([
    { environment: 'development', state: 'healthy', complete: true, away: [] },
    [{ name: 'h1-a', host: 'h1', state: 'reachable', self: true, links: [], registrations: 1 }],
    [{ name: 'web', live: 1, stale: 0, hosts: 1, clusters: 1 }],
  ]);
  expect(page.rows.map(({ event, service }) => [event, service])).toEqual([
    ['registered', 'web'],
    ['registered', 'db'],
    ['removed', 'web'],
  ]);
  expect(page.rows.at(-1)).toMatchObject({ cause: 'closed' });
  page.end();
});

test('a reader that comes later has all at once, and nobody hears anything twice', async ({
  stage,
}) => {
  const door = await openDoor(stage);
  const early = await Page.open(door);
  await early.until(({ kinds }) => kinds.length >= 4);
  const web = await door.register({ service: 'web', port: 1 });
  await web.next();
  await early.until(({ rows, services }) => rows.length > 0 && services.has('web'));

  const late = await Page.open(door);
  await late.until(({ kinds }) => kinds.length >= 4);
  const db = await door.register({ service: 'db', port: 2 });
  await db.next();
  const hasBoth = ({ rows, services }: Page): boolean => rows.length >= 2 && services.has('db');
  await Promise.all([early.until(hasBoth), late.until(hasBoth)]);

  const told = ({ rows }: Page): unknown => rows.map(({ event, service }) => [event, service]);
  expect(told(early)).toEqual(told(late));
  expect(told(late)).toEqual([
    ['registered', 'web'],
    ['registered', 'db'],
  ]);
});

test('a host that is gone is named, with its links before, and the feed says when its server stops', async ({
  stage,
}) => {
  const hosts = await startHosts(stage, 2);
  await allComplete(hosts);
  const [h1, h2] = hosts;
  const page = await Page.open(new Door(h1!.address, h1!.a));
  await page.until(({ servers }) => servers.size === 4);
  await page.until(({ servers }) => String(servers.get('h1-a')?.['links']).includes('h2-'));

  await h2!.a.end('SIGTERM');
  await page.until(({ servers }) => !servers.has('h2-a'));
  await h1!.a.end('SIGTERM');
  await page.until(({ kinds }) => kinds.includes('goaway'));

  expect(page.rows).toContainEqual(expect.objectContaining({ event: 'left', server: 'h2-a' }));
});
