// The DNS door: UDP and TCP at each of its places, both or neither. The invariants: it asks its
// server for all that it knows, as a client does; a place is ours only with both of its sockets;
// and an address beyond loopback is answered only if it is listed, at the rate that one address may
// have. A bug costs the query that meets it, not the door.

import { isIP } from 'node:net';

import { DnsDoor } from '../../doors/dns/door.ts';
import type { Way } from '../../doors/dns/repeated.ts';
import { unsayableOf } from '../../doors/dns/names.ts';
import { QueryRates } from '../../doors/dns/rates.ts';
import type { DnsCatalogue } from '../../doors/dns/responder.ts';
import { Zone } from '../../doors/dns/zone.ts';
import type { Name } from '../../protocol/ids.ts';
import type { Cancel } from '../machine/runtime.ts';
import { endpointOf, isLoopback } from '../machine/addresses.ts';
import { lookWhoAnswers } from './dns-look.ts';
import { OpenQuery } from './dns-query.ts';
import type { DnsAsker, DnsListener } from './dns-sockets.ts';
import { DnsStreams, listenTcp } from './dns-tcp.ts';
import type { Door, DoorContext, DoorListener, DoorPlace } from './door.ts';
import type { InnerAnswer, InnerQuestion } from './inner-session.ts';
import { InnerSession } from './inner-session.ts';
import { Knowledge } from './knowledge.ts';
import { isWithin } from './networks.ts';
import { listenUdp } from './udp.ts';

/** Opens the door. */
export function openDoor(context: DoorContext): Door {
  return new DnsPlaces(context);
}

class DnsPlaces implements Door {
  readonly #context: DoorContext;
  readonly #knowledge: Knowledge;
  readonly #session: InnerSession;
  readonly #zone: Zone;
  readonly #door: DnsDoor;
  readonly #rates = new QueryRates();
  readonly #streams: DnsStreams;
  readonly #listeners = new Set<DnsListener>();
  readonly #unnamed = new Set<string>();
  /** The revision of the catalogue whose names were looked at. */
  #lookedAt = -1;
  #cancelLook: Cancel = () => undefined;
  /** What is being answered. */
  #query: OpenQuery | null = null;

  constructor(context: DoorContext) {
    this.#context = context;
    this.#knowledge = new Knowledge(context.server);
    this.#streams = new DnsStreams((limit) => {
      context.server.count('limit-reached', [limit]);
    });
    const { settings, facts, runtime } = context.server;
    this.#session = new InnerSession({
      context,
      transport: 'inside',
      remote: 'DNS',
      onClosed: () => {
        if (!context.server.state().life.isStopping)
          context.fail(new Error('its session has ended'));
      },
    });
    this.#zone = new Zone(settings.dnsZone, Math.round(settings.dnsTtlMs / 1_000));
    this.#door = new DnsDoor({
      zone: this.#zone,
      catalogue: this.#catalogue(),
      place: { host: facts.host, cluster: facts.cluster },
      random: () => runtime.random(),
      nowMs: () => runtime.nowMs(),
    });
    this.#tellUnnamed();
  }

  async listen(place: DoorPlace): Promise<DoorListener> {
    const { host, port } = ipEndpointOf(place);
    const take = this.#taker(host);
    const fail = (error: unknown): void => {
      this.#context.fail(error);
    };
    const udp = await listenUdp({ host, port }, { take, fail });
    let tcp: DnsListener;
    try {
      tcp = await listenTcp({ host, port }, { take, fail }, this.#streams);
    } catch (error) {
      await udp.end();
      throw error;
    }
    for (const listener of [udp, tcp]) this.#listeners.add(listener);
    return {
      close: () => {
        udp.close();
        tcp.close();
      },
    };
  }

  async isStranger(place: DoorPlace): Promise<boolean> {
    return (await lookWhoAnswers(ipEndpointOf(place), this.#zone)) === 'stranger';
  }

  reload(): void {
    // It reads no files.
  }

  async close(): Promise<void> {
    this.#cancelLook();
    await Promise.all([...this.#listeners].map((listener) => listener.end()));
    this.#session.close('the DNS door is closed');
  }

  /** Takes what arrives at an address of ours. */
  #taker(serverAddress: string): DnsAsker['take'] {
    const ways = waysTo(serverAddress);
    return (bytes, source) => {
      const { address, isStream } = source;
      const isNear = isLoopback(address);
      if (!isNear && !this.#mayAsk(address)) return false;
      const isAllowed = isNear || isWithin(address, this.#context.server.settings.dnsFrom);
      const { near, far, refused } = isStream ? ways.stream : ways.datagram;
      const way = isNear ? near : isAllowed ? far : refused;
      return this.#answer(new OpenQuery(bytes, source, this.#context.server.count), way);
    };
  }

  #answer(query: OpenQuery, way: Way): boolean {
    this.#query = query;
    try {
      return this.#door.take(query.bytes, way, query);
    } catch (error) {
      this.#tellFault(error, query);
      return query.fail();
    } finally {
      this.#query = null;
    }
  }

  /**
   * Does something for a query. Questions to the server meanwhile belong to that query. An error is
   * a bug of ours: it costs this query, and the operator is told.
   */
  #attempt(query: OpenQuery | null, act: () => void): void {
    const before = this.#query;
    this.#query = query;
    try {
      act();
    } catch (error) {
      this.#tellFault(error, query);
      query?.fail();
    } finally {
      this.#query = before;
    }
  }

  #tellFault(error: unknown, query: OpenQuery | null): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const fields = { door: 'DNS', address: query?.address ?? 'this server', reason };
    this.#context.server.tell({ name: 'door-fault', fields });
  }

  #mayAsk(address: string): boolean {
    const { runtime, tell, count } = this.#context.server;
    const verdict = this.#rates.take(address, runtime.nowMs());
    if (verdict !== 'pass') count('limit-reached', ['dns-queries-per-second']);
    if (verdict === 'told') tell({ name: 'dns-flood', fields: { address } });
    return verdict === 'pass';
  }

  #catalogue(): DnsCatalogue {
    return {
      lookup: (service, take) => {
        this.#ask({ kind: 'lookup', service: service as Name }, (answer) => {
          if (answer.kind === 'instances') take({ instances: answer.instances, view: answer });
          else this.#query?.fail();
        });
      },
      list: (take) => {
        this.#ask({ kind: 'list' }, (answer) => {
          if (answer.kind === 'services') take({ services: answer.services, view: answer });
          else this.#query?.fail();
        });
      },
      serial: () => this.#context.server.state().catalogue.revision,
      stamp: () => this.#knowledge.stamp(),
    };
  }

  #ask(question: InnerQuestion, done: (answer: InnerAnswer) => void): void {
    const query = this.#query;
    this.#session.ask(question, (answer) => {
      this.#attempt(query, () => {
        done(answer);
      });
    });
  }

  /** Logs once each service whose name DNS cannot express. */
  #tellUnnamed(): void {
    const { runtime, state, tell } = this.#context.server;
    const { catalogue } = state();
    const services = catalogue.revision === this.#lookedAt ? [] : catalogue.serviceNames();
    this.#lookedAt = catalogue.revision;
    for (const service of services) {
      const reason = unsayableOf(service, this.#zone.bytesLeft);
      if (reason === null || this.#unnamed.has(service)) continue;
      if (this.#unnamed.size >= UNNAMED_MAX) break;
      this.#unnamed.add(service);
      tell({ name: 'dns-unnamed', fields: { service, reason } });
    }
    this.#cancelLook = runtime.setAlarm(runtime.nowMs() + LOOK_MS, () => {
      this.#tellUnnamed();
    });
  }
}

/** The ways to one address, each made once, so that a question is recognized by its way. */
interface Ways {
  readonly near: Way;
  readonly far: Way;
  readonly refused: Way;
}

function waysTo(serverAddress: string): { readonly stream: Ways; readonly datagram: Ways } {
  const waysBy = (isStream: boolean): Ways => {
    const far = { isStream, isLoopback: false, isOnHost: false, isAllowed: true, serverAddress };
    const near = { ...far, isLoopback: true, isOnHost: true };
    return { near, far, refused: { ...far, isAllowed: false } };
  };
  return { stream: waysBy(true), datagram: waysBy(false) };
}

function ipEndpointOf({ address }: DoorPlace): { host: string; port: number } {
  const endpoint = endpointOf(address);
  if ('host' in endpoint && isIP(endpoint.host) !== 0) return endpoint;
  throw new TypeError(`DNS listens on no socket: ${address}`);
}

/** How often it looks for names that DNS cannot say, and of how many it tells. */
const LOOK_MS = 2_000;
const UNNAMED_MAX = 256;
