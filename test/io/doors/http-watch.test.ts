// The end of a watch by HTTP that was told of too many instances: it costs that watch alone.

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';

import { Exchange } from '../../../src/io/doors/http-exchange.ts';
import type { HttpInside } from '../../../src/io/doors/http-inside.ts';
import { answerWatch } from '../../../src/io/doors/http-watch.ts';
import { ToldInstances } from '../../../src/io/doors/told-instances.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { MessageOf } from '../../../src/protocol/messages.ts';
import type { Instance } from '../../../src/protocol/records.ts';

type Listener = (change: MessageOf<'change'>) => void;

const VIEW = { isComplete: true, missing: [], missingCount: 0, why: undefined };

/** The inside of a door where all watches together may be told of so many instances. */
class Door {
  readonly told: ToldInstances;
  /** The services that a session was asked to watch, in order. */
  readonly watched: string[] = [];
  readonly faults: string[] = [];
  readonly lines: { change: string; service: string }[] = [];
  /** What happens when a limit is reached. */
  onLimit = (): void => undefined;
  readonly #listeners: Listener[] = [];

  constructor(max: number) {
    this.told = new ToldInstances(max);
  }

  watch(services: readonly string[]): void {
    const request = new IncomingMessage(new Socket());
    const server = {
      tell: ({ name }: { name: string }) => this.faults.push(name),
      count: () => {
        this.onLimit();
      },
      state: () => ({ view: VIEW }),
    };
    const response = new ServerResponse(request);
    response.writeHead(200);
    const given = { request, response, isPaced: true };
    const more = { place: {}, noteWritten: () => undefined };
    const exchange = new Exchange({ server } as never, { ...given, ...more } as never);
    const stream = {
      event: (_: string, line: { change: string; service: string }) => this.lines.push(line),
      end: () => undefined,
    };
    const session = {
      watch: ({ service }: { service: string }, listener: Listener) => {
        this.watched.push(service);
        this.#listeners.push(listener);
        // One is there already.
        if (service === 'full') this.tell(this.#listeners.length - 1, 'a');
        return () => undefined;
      },
    };
    const openReading = (): unknown => ({ session, stream });
    const inside = { told: this.told, server, openReading } as unknown as HttpInside;
    const query = new Map([
      ['service', services],
      ['tag', ['a=b']],
    ]);
    answerWatch(exchange, { inside, query } as never);
  }

  /** Tells a session's watch of an instance. */
  tell(at: number, id: string): void {
    const registration = {
      instance: id.repeat(32),
      service: 'db' as Name,
      port: 1,
      tags: [{ key: 'a', value: 'b' }],
    };
    const instance = {
      registration,
      host: 'h1',
      cluster: 'c',
      state: 'live',
    } as unknown as Instance;
    this.#listeners[at]?.({ kind: 'change', change: 'added', instance } as MessageOf<'change'>);
  }
}

test('a bug at the end of a watch that was told of most costs that watch alone', () => {
  const door = new Door(2);
  door.onLimit = () => {
    throw new Error('a bug');
  };
  door.watch(['large']);
  door.watch(['small']);
  door.tell(0, 'a');
  door.tell(0, 'b');

  door.tell(1, 'c');

  expect(door.faults).toEqual(['door-fault']);
  expect(door.lines.filter(({ change }) => change === 'added')).toHaveLength(3);
});

test('a watch that has ended follows no further services', () => {
  const door = new Door(0);

  door.watch(['full', 'db', 'web']);

  expect(door.watched).toEqual(['full']);
  expect(door.lines.map(({ change, service }) => [change, service])).toEqual([
    ['failed', 'full'],
    ['failed', 'db'],
    ['failed', 'web'],
  ]);
});
