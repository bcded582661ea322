// Explanations by HTTP. The invariant: they are what `explain --json` prints, from this server's
// knowledge alone; they take several answers of the core, and the first failure ends the request.

import { cannotTell, usageFailure } from '../../doors/http/failures.ts';
import { isName } from '../../protocol/ids.ts';
import { explainBy, type Asker } from './explain.ts';
import type { Exchange } from './http-exchange.ts';
import type { HttpInside } from './http-inside.ts';
import type { HttpQuestion } from './http-lookup.ts';
import { failUnanswered } from './http-lookup.ts';
import type { InnerAnswer, InnerQuestion } from './inner-session.ts';

/** Explains a service, a host or an instance. */
export function answerExplain(exchange: Exchange, { part: name, inside }: HttpQuestion): void {
  if (!isName(name)) {
    exchange.fail(usageFailure(`${JSON.stringify(name)} is not a name`));
    return;
  }
  const { dnsZone } = inside.server.settings;
  const failed = exchange.guarded((error: unknown) => {
    if (!(error instanceof Unanswered)) throw error;
    failUnanswered(exchange, error.answer);
  });
  const answered = exchange.guarded((explanation: Awaited<ReturnType<typeof explainBy>>) => {
    const { isThere, ...body } = explanation;
    const view = { view: explanation };
    const [message = ''] = body.sentences;
    if (isThere) exchange.json(200, body, view);
    else if (body.complete) exchange.fail({ ...NONE, message, more: body }, view);
    else exchange.fail(cannotTell(message, body), view);
  });
  explainBy(askerOf(exchange, inside), name, () => dnsZone).then(answered, failed);
}

/** The core gave no answer, or one of another kind. */
class Unanswered extends Error {
  override readonly name = 'Unanswered';
  readonly answer: InnerAnswer;

  constructor(answer: InnerAnswer) {
    super(`the core answered ${answer.kind}`);
    this.answer = answer;
  }
}

function askerOf(exchange: Exchange, inside: HttpInside): Asker {
  const ask = <K extends InnerAnswer['kind']>(kind: K, question: InnerQuestion) =>
    new Promise<Extract<InnerAnswer, { readonly kind: K }>>((resolve, reject) => {
      inside.ask(exchange, question, (answer) => {
        if (answer.kind === kind) resolve(answer as Extract<InnerAnswer, { readonly kind: K }>);
        else reject(new Unanswered(answer));
      });
    });
  return {
    lookup: (service) => ask('instances', { kind: 'lookup', service }),
    services: () => ask('services', { kind: 'list' }),
    servers: () => ask('servers', { kind: 'peers', all: true }),
    events: (about) => ask('events', { kind: 'history', ...about }),
  };
}

const NONE = { status: 404, code: 'none', hint: 'see what there is: /v1/services' } as const;
