// The history by HTTP. The invariant: it is what `history --json` prints, of this server alone, and
// the answer is "none" only if the server reaches back as far as was asked for.

import { historyAnswerOf, historyFacts, historyVerdict } from '../../answers/history.ts';
import { cannotTell, usageFailure } from '../../doors/http/failures.ts';
import type { QueryParameters } from '../../doors/http/routes.ts';
import { millisecondsOf } from '../../doors/http/routes.ts';
import type { InstanceId, Name } from '../../protocol/ids.ts';
import { isId, isName } from '../../protocol/ids.ts';
import { writtenTimes } from '../machine/written-times.ts';
import type { Exchange } from './http-exchange.ts';
import type { HttpQuestion } from './http-lookup.ts';
import { failUnanswered } from './http-lookup.ts';

/** The newest events. */
export function answerHistory(exchange: Exchange, { inside, query }: HttpQuestion): void {
  const complaint = complaintOf(query);
  if (complaint !== null) {
    exchange.fail(usageFailure(complaint));
    return;
  }
  const sinceMs = millisecondsOf(query.get('since')?.[0] ?? '') ?? undefined;
  const question = { kind: 'history', ...subjectOf(query), limit: limitOf(query) } as const;
  const within = sinceMs === undefined ? {} : { withinMs: sinceMs };
  inside.ask(exchange, { ...question, ...within }, (answer) => {
    if (answer.kind !== 'events') {
      failUnanswered(exchange, answer);
      return;
    }
    const said = historyAnswerOf(answer, writtenTimes());
    const verdict = historyVerdict(said, sinceMs);
    const body = historyFacts(said);
    if (verdict === 'found') exchange.json(200, body);
    else if (verdict === 'uncertain')
      exchange.fail(cannotTell(`cannot tell: ${reach(said)}`, body));
    else exchange.fail({ ...NONE, message: `nothing happened: ${reach(said)}`, more: body });
  });
}

function complaintOf(query: QueryParameters): string | null {
  for (const what of ['service', 'host']) {
    const [name] = query.get(what) ?? [];
    if (name !== undefined && !isName(name)) return `${what} ${JSON.stringify(name)} is not a name`;
  }
  const [id] = query.get('instance') ?? [];
  return id === undefined || isId(id) ? null : `${JSON.stringify(id)} is not the id of an instance`;
}

/** The subject of the question, beyond the checks of complaintOf. */
function subjectOf(query: QueryParameters) {
  const [service] = (query.get('service') ?? []) as Name[];
  const [host] = (query.get('host') ?? []) as Name[];
  const [instance] = (query.get('instance') ?? []) as InstanceId[];
  return {
    ...(service === undefined ? {} : { service }),
    ...(host === undefined ? {} : { host }),
    ...(instance === undefined ? {} : { instance }),
  };
}

function limitOf(query: QueryParameters): number {
  return Number(query.get('limit')?.[0] ?? LIMIT);
}

function reach({ reachesBackTo }: { readonly reachesBackTo: string }): string {
  return `this server has seen all since ${reachesBackTo}`;
}

const NONE = {
  status: 404,
  code: 'none',
  hint: 'ask with other parameters: a longer since, another service or host',
} as const;

/** As `rarangi history` has it. */
const LIMIT = '100';
