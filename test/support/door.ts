// A server's HTTP, as a program asks it: whole answers, and streams line by line.

import { once } from 'node:events';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request } from 'node:http';
import { createInterface } from 'node:readline';

import { targetOf } from '../../src/doors/http/questions.ts';
import { undescribed } from './described.ts';
import type { Running, Stage } from './processes.ts';

/** What was answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A stream of lines of JSON. */
export interface Lines {
  readonly asked: ClientRequest;
  /** The next line of JSON; null at the end. */
  next(): Promise<Record<string, unknown> | null>;
}

/** A host with one server, by its HTTP. */
export class Door {
  readonly host: string;
  readonly server: Running;

  constructor(host: string, server: Running) {
    this.host = host;
    this.server = server;
  }

  /** Asks, and holds what is answered to openapi.json. */
  async ask(path: string, given: RequestOptions & { body?: unknown } = {}): Promise<Answer> {
    const [, response] = await this.#begin(path, given);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const { statusCode: status = 0, headers } = response;
    const body = Buffer.concat(chunks).toString();
    const { method = 'GET' } = given;
    // A proxy in between may answer by itself.
    const isOurs = headers['rarangi-server'] !== undefined;
    const problems = isOurs
      ? undescribed({
          method,
          path: targetOf(path).address,
          status,
          type: headers['content-type'],
          body,
        })
      : [];
    if (problems.length > 0) {
      const what = `${method} ${path}: ${String(status)} ${body}`;
      throw new Error(`openapi.json says otherwise of ${what}: ${JSON.stringify(problems)}`);
    }
    return { status, headers, body };
  }

  async stream(path: string, given: RequestOptions & { body?: unknown } = {}): Promise<Lines> {
    const [asked, response] = await this.#begin(path, given);
    const lines = createInterface({ input: response })[Symbol.asyncIterator]();
    response.on('error', () => undefined);
    return {
      asked,
      next: async () => {
        const line = await lines.next();
        if (line.done === true) return null;
        return JSON.parse(line.value) as Record<string, unknown>;
      },
    };
  }

  async register(offer: object): Promise<Lines> {
    return await this.stream('/v1/register', { method: 'POST', body: offer });
  }

  async #begin(
    path: string,
    { body, headers = {}, ...more }: RequestOptions & { body?: unknown },
  ): Promise<[ClientRequest, IncomingMessage]> {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const all = { ...type, ...(headers as Record<string, string>) };
    const options = { host: this.host, port: 17342, path, agent: false, ...more };
    const asked = request({ ...options, headers: all });
    asked.on('error', () => undefined);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return [asked, response];
  }
}

/** Starts a server, with more words if given, and waits until its HTTP answers. */
export async function openDoor(
  stage: Stage,
  words: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Door> {
  const host = stage.address();
  const plain = ['serve', '--log-format=json', '--host=h1', `--bind=${host}`];
  const server = stage.start([...plain, ...words], { env });
  await server.said({ event: 'view-complete' });
  const door = new Door(host, server);
  for (;;) {
    const isThere = await door.ask('/livez').then(
      () => true,
      () => false,
    );
    if (isThere) return door;
  }
}
