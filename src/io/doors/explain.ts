// The questions that explain a name, for the command and for HTTP alike. The invariant: it uses the
// answers that every client gets, and asks a server at most six questions; only for the id of an
// instance without a remembered event every service is looked up.

import { explanationOf, type DnsFinding, type Explanation } from '../../answers/explain.ts';
import { historyAnswerOf, type EventInfo } from '../../answers/history.ts';
import {
  goneInfoOf,
  instanceInfoOf,
  peerInfoOf,
  type GoneInfo,
  type InstanceInfo,
  type PeerInfo,
} from '../../answers/shapes.ts';
import { joinedView, type ViewSaid } from '../../answers/view.ts';
import { DnsNames } from '../../doors/dns/directory.ts';
import { Zone } from '../../doors/dns/zone.ts';
import type { InstanceId, Name } from '../../protocol/ids.ts';
import { isId } from '../../protocol/ids.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import type { EventRow } from '../../protocol/records.ts';
import { writtenTimes } from '../machine/written-times.ts';

/** Asks the catalogue. */
export interface Asker {
  lookup(service: Name): Promise<MessageOf<'instances'>>;
  services(): Promise<MessageOf<'services'>>;
  servers(): Promise<MessageOf<'servers'>>;
  events(about: About): Promise<MessageOf<'events'>>;
}

/** The subject of events. */
export interface About {
  readonly limit: number;
  readonly service?: Name;
  readonly host?: Name;
  readonly instance?: InstanceId;
}

/** Finds out what a name is the name of, and explains it. `zoneText` throws RangeError for no zone. */
export async function explainBy(
  asker: Asker,
  name: Name,
  zoneText: () => string,
): Promise<Explanation> {
  const [found, { servers, gone, view }, events, { services }] = await Promise.all([
    instancesBy(asker, name),
    serversBy(asker),
    eventsBy(asker, name),
    asker.services(),
  ]);
  return explanationOf({
    name,
    view: joinedView([...found.views, view]),
    instances: found.instances,
    servers: servers.filter(({ host }) => host === name),
    gone: gone.filter(({ host }) => host === name),
    events,
    dns: dnsOf(name, new Set([name, ...services.map((one) => one.name)]), zoneText),
  });
}

interface Found {
  readonly instances: readonly InstanceInfo[];
  readonly views: readonly ViewSaid[];
}

async function instancesBy(asker: Asker, name: Name): Promise<Found> {
  const answer = await asker.lookup(name);
  const instances = answer.instances.map(instanceInfoOf);
  if (instances.length > 0 || !isId(name)) return { instances, views: [answer] };
  const one = await instanceBy(asker, name);
  return { instances: one === null ? [] : [one], views: [answer] };
}

/** The instance of an id: of the service that events name, else of any. */
async function instanceBy(asker: Asker, id: string): Promise<InstanceInfo | null> {
  const { rows } = await asker.events({ instance: id as InstanceId, limit: 1 });
  const remembered = rows.at(-1)?.service ?? null;
  const services =
    remembered === null ? (await asker.services()).services.map(({ name }) => name) : [remembered];
  for (const service of services) {
    const { instances } = await asker.lookup(service);
    const found = instances.find(({ registration }) => registration.instance === id);
    if (found !== undefined) return instanceInfoOf(found);
  }
  return null;
}

async function serversBy(asker: Asker): Promise<{
  readonly servers: readonly PeerInfo[];
  readonly gone: readonly GoneInfo[];
  readonly view: ViewSaid;
}> {
  const answer = await asker.servers();
  const { servers, gone = [] } = answer;
  return { servers: servers.map(peerInfoOf), gone: gone.map(goneInfoOf), view: answer };
}

/** What happened to the service, on the host and to the instance; two of them may tell the same. */
async function eventsBy(asker: Asker, name: Name): Promise<EventInfo[]> {
  const abouts: Omit<About, 'limit'>[] = [{ service: name }, { host: name }];
  if (isId(name)) abouts.push({ instance: name as string as InstanceId });
  const answers = await Promise.all(
    abouts.map((about) => asker.events({ ...about, limit: EVENTS_MAX })),
  );
  // An event that comes twice is kept with the service. Numbers do not help: another server may
  // have answered.
  const rowsOf = (rows: readonly EventRow[], index: number): readonly EventRow[] =>
    index === 0
      ? rows
      : rows.filter(({ service, host }) => !isTold(index, { service, host }, name));
  return answers.flatMap(
    ({ rows, reachesBackMs }, index) =>
      historyAnswerOf({ rows: [...rowsOf(rows, index)], reachesBackMs }, writtenTimes()).rows,
  );
}

function isTold(
  index: number,
  { service, host }: { readonly service: Name | null; readonly host: Name },
  name: Name,
): boolean {
  return service === name || (index > 1 && host === name);
}

/** As the DNS door finds it among all services; one that is gone is found by its name, too. */
function dnsOf(name: Name, services: ReadonlySet<string>, zoneText: () => string): DnsFinding {
  let zone: Zone;
  try {
    zone = new Zone(zoneText(), 0);
  } catch (error) {
    if (error instanceof RangeError) return { doubt: error.message };
    throw error;
  }
  const reason = new DnsNames(services, zone.bytesLeft).unnamedBecause(name);
  return reason === null ? { name: `${name.toLowerCase()}.${zone.text}` } : { reason };
}

/** Enough for the recent events. */
const EVENTS_MAX = 1_000;
