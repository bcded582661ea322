// What is known of a name, asked by a client. The invariant: each question goes to the server that
// answers it best, as if it were asked alone.

import type { Explanation } from '../../answers/explain.ts';
import type { Answer, Question } from '../../core/client/ask.ts';
import { zoneTextOf } from '../../doors/dns/zone.ts';
import { explainBy, type Asker } from '../doors/explain.ts';
import { askServers, strangeAnswer } from './ask.ts';
import type { ClientOptions } from './options.ts';
import { environmentOf, nameOf } from './options.ts';

/** Explains a service, a host or an instance in sentences. */
export async function explain(name: string, options: ClientOptions = {}): Promise<Explanation> {
  const environment = environmentOf(options);
  return await explainBy(askerOf(options), nameOf(name, 'name'), () => zoneTextOf(environment));
}

function askerOf(options: ClientOptions): Asker {
  const ask = async <K extends Answer['kind']>(kind: K, question: Question): Promise<Of<K>> => {
    const { answer } = await askServers(question, options);
    if (!isOf(answer, kind)) throw strangeAnswer(answer);
    return answer;
  };
  return {
    lookup: (service) => ask('instances', { kind: 'lookup', service, wanted: {} }),
    services: () => ask('services', { kind: 'list' }),
    servers: () => ask('servers', { kind: 'peers', all: true }),
    events: (about) => ask('events', { kind: 'history', ...about }),
  };
}

type Of<K extends Answer['kind']> = Extract<Answer, { readonly kind: K }>;

function isOf<K extends Answer['kind']>(answer: Answer, kind: K): answer is Of<K> {
  return answer.kind === kind;
}
