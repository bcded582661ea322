// The shapes of HTTP's answers and bodies, as JSON Schema: openapi.json has them, and a test checks
// every answer against them. One invariant: they describe exactly what the code writes.

import { EVENT_CAUSES, EVENT_KINDS, WHYS } from '../../protocol/records.ts';

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const truth = { type: 'boolean' };
const names = listOf(text);
const tags = { type: 'object', additionalProperties: text };
const port = { type: 'integer', minimum: 1, maximum: 65_535 };
const id = { type: 'string', pattern: '^[0-9a-f]{32}$' };
const moment = { type: 'string', format: 'date-time' };
const why = { enum: WHYS };
const view = { complete: truth, missing: names, missingCount: count, why };

/** The fields of an answer whose view is not complete. */
const LACK = ['why'];

const instance = object(
  {
    name: text,
    instance: id,
    address: text,
    port,
    scheme: text,
    tags,
    cluster: text,
    host: text,
    state: { enum: ['live', 'stale'] },
  },
  ['scheme'],
);

const peer = object(
  {
    name: text,
    origin: id,
    host: text,
    cluster: text,
    role: { enum: ['master', 'leaf'] },
    state: { enum: ['reachable', 'suspect', 'split'] },
    addresses: names,
    links: count,
    registrations: count,
    self: truth,
    roundTripMs: { type: 'number' },
  },
  ['roundTripMs'],
);

const event = object(
  {
    time: moment,
    ageMs: count,
    event: { enum: EVENT_KINDS },
    service: text,
    instance: id,
    address: text,
    host: text,
    cluster: text,
    server: text,
    cause: { enum: EVENT_CAUSES },
    detail: text,
  },
  ['service', 'instance', 'address', 'cause', 'detail'],
);

const offer = object(
  { service: text, port, address: text, scheme: text, tags, key: id, revision: count },
  ['address', 'scheme', 'tags', 'key', 'revision'],
);

/** Every schema, by the name that routes.ts uses. */
export const SCHEMAS: Readonly<Record<string, object>> = {
  Routes: object({ environment: text, server: text, routes: listOf({ type: 'object' }) }),
  Services: open(
    {
      ...view,
      services: listOf(object({ name: text, live: count, stale: count })),
    },
    LACK,
  ),
  Lookup: open({ service: text, ...view, instances: listOf(instance) }, LACK),
  Status: open(
    {
      environment: text,
      state: { enum: ['isolated', 'split', 'degraded', 'healthy'] },
      ...view,
      reasons: listOf(object({ code: text, message: text, hint: text })),
      server: peer,
      servers: object({ reachable: count, suspect: count, split: count, gone: count }),
      masters: object({ reachable: count, known: count }),
      services: count,
      instances: object({ live: count, stale: count }),
    },
    LACK,
  ),
  Peers: open({ ...view, servers: listOf(peer) }, ['missing', 'missingCount', ...LACK]),
  History: open({ reachesBackTo: moment, rows: listOf(event) }),
  Explanation: open(
    {
      name: text,
      kinds: listOf({ enum: ['service', 'host', 'instance'] }),
      ...view,
      sentences: names,
    },
    LACK,
  ),
  Offer: offer,
  Offers: { anyOf: [offer, { ...listOf(offer), minItems: 1, maxItems: 256 }] },
  Registered: open({ instance: id, address: text, port, revision: count, other: names }),
  Targets: listOf(object({ targets: names, labels: tags })),
  Traefik: { type: 'object' },
  EnvoyRequest: { type: 'object' },
  Envoy: object({
    version_info: text,
    type_url: text,
    resources: listOf({ type: 'object' }),
  }),
  Document: { type: 'object' },
  Failure: open({ error: object({ code: text, message: text, hint: text }) }),
};

function listOf(items: object): { type: string; items: object } {
  return { type: 'array', items };
}

/** An object with these properties and no other. */
function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []) {
  return { ...open(properties, optional), additionalProperties: false };
}

/** An object to which a later version may add. */
function open(properties: Readonly<Record<string, object>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}
