// Questions by HTTP: the services, the servers, the state. The invariant: a question gets the same
// answer as on the command line, key for key.

import { type DoubtsInfo, doubtsBeside, doubtsText } from '../../answers/doubts.ts';
import { peerInfoOf, statusFactsOf, statusReportOf } from '../../answers/shapes.ts';
import { viewInfoOf } from '../../answers/view.ts';
import type { Wanted } from '../../core/client/matching.ts';
import type { HttpFailure } from '../../doors/http/failures.ts';
import { cannotTell, limitFailure, usageFailure } from '../../doors/http/failures.ts';
import type { QueryParameters } from '../../doors/http/routes.ts';
import type { Exchange } from './http-exchange.ts';
import type { HttpInside } from './http-inside.ts';
import type { InnerAnswer } from './inner-session.ts';

/** The services of the environment. */
export function answerServices(exchange: Exchange, { inside, query }: HttpQuestion): void {
  const pattern = query.get('match')?.[0] ?? '*';
  const isMatch = inside.matcher(pattern);
  if (typeof isMatch === 'string') {
    exchange.fail(usageFailure(isMatch));
    return;
  }
  inside.ask(exchange, { kind: 'list' }, (answer) => {
    if (answer.kind !== 'services') {
      failUnanswered(exchange, answer);
      return;
    }
    const view = viewInfoOf(answer);
    const services = answer.services.filter(({ name }) => isMatch(name)).map((one) => ({ ...one }));
    const body = { ...view, services };
    if (services.length > 0) exchange.json(200, body, { view });
    else if (view.complete) {
      const { doubts } = doubtsBeside(answer);
      const none = `no service ${answer.services.length === 0 ? 'is registered' : `matches ${pattern}`}`;
      exchange.fail(noneFailure(none, body, doubts), { view });
    } else exchange.fail(cannotTell('cannot tell which services there are', body), { view });
  });
}

/** Every server. */
export function answerPeers(exchange: Exchange, { inside }: HttpQuestion): void {
  inside.ask(exchange, { kind: 'peers' }, (answer) => {
    if (answer.kind !== 'servers') failUnanswered(exchange, answer);
    else {
      const { complete, ...lack } = viewInfoOf(answer);
      const servers = answer.servers.map(peerInfoOf);
      const body = { complete, ...(complete ? {} : lack), servers };
      exchange.json(200, body, { view: { complete, ...lack } });
    }
  });
}

/** The state of this server. */
export function answerStatus(exchange: Exchange, { inside }: HttpQuestion): void {
  inside.ask(exchange, { kind: 'status' }, (answer) => {
    if (answer.kind !== 'report') failUnanswered(exchange, answer);
    else {
      exchange.json(200, statusFactsOf(statusReportOf(answer)), { view: viewInfoOf(answer) });
    }
  });
}

/** The question of a request. */
export interface HttpQuestion {
  readonly part: string;
  readonly query: QueryParameters;
  readonly inside: HttpInside;
}

/** The instances that parameters ask for. */
export function wantedOf(query: QueryParameters): Wanted {
  const tags = (query.get('tag') ?? []).map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const [cluster] = query.get('cluster') ?? [];
  return { tags: Object.fromEntries(tags), ...(cluster === undefined ? {} : { cluster }) };
}

/** Says that the core gave no answer. */
export function failUnanswered(exchange: Exchange, answer: InnerAnswer): void {
  if (answer.kind === 'refused') exchange.fail(limitFailure(answer.reason));
  else exchange.fail(cannotTell('this server is stopping', {}));
}

/** The requested thing does not exist, and that is certain. */
export function noneFailure(none: string, more: object, doubts?: DoubtsInfo): HttpFailure {
  const hint = 'see what there is with: /v1/services';
  const failure = { status: 404, code: 'none', hint } as const;
  if (doubts === undefined) return { ...failure, message: none, more };
  return { ...failure, message: `${none}: ${doubtsText(doubts)}`, more: { ...more, doubts } };
}
