// From the catalogue's answer to that of `lookup`: which instances, which exit, and which message
// beside them. The invariant: "none", "not complete" and "only stale ones" never look alike, and a
// live instance always beats a stale one of the same service.

import { chosenOf, type Choice as AnyChoice } from '../../answers/choice.ts';
import { firstOfEach, shellWord } from '../../answers/instance-text.ts';
import { doubtsText } from '../../answers/doubts.ts';
import { incompleteText } from '../../answers/view.ts';
import type { InstanceInfo, LookupAnswer, ServicesAnswer } from '../../index.ts';
import type { ExitName } from '../exit-codes.ts';
import { listOf } from '../flags.ts';

/** Which of the instances are wanted. */
export interface AnswerChoice extends AnyChoice {
  /** The first of each service only. */
  readonly one?: boolean | undefined;
  /** What an instance had to have to be in the answer. */
  readonly tag?: readonly string[] | string | undefined;
  readonly cluster?: string | undefined;
}

/** The instances to print, the exit and the message. */
export interface LookupVerdict {
  readonly instances: InstanceInfo[];
  readonly exit: ExitName;
  /** For people, on stderr; null when there is nothing to add. */
  readonly remark: string | null;
}

/** What `lookup` answers. */
export function verdictOf(answer: LookupAnswer, choice: AnswerChoice): LookupVerdict {
  const chosen = chosenOf(answer.instances, choice, ({ name }) => name);
  const instances = choice.one === true ? firstOfEach(chosen) : chosen;
  if (instances.length > 0) return { instances, exit: 'done', remark: staleRemark(instances) };
  const stale = answer.instances.length;
  if (stale > 0) {
    const remark = `no live instance of ${answer.service}, but ${String(stale)} stale`;
    return { instances, exit: 'uncertain', remark };
  }
  if (answer.complete) {
    return { instances, exit: 'no', remark: noneRemark(answer, choice) };
  }
  const remark = `cannot tell whether ${answer.service} is there: ${incompleteText(answer)}; see: rarangi status`;
  return { instances, exit: 'uncertain', remark };
}

/** The answer of a `lookup` without a name: the services. */
export function listVerdictOf(
  answer: ServicesAnswer,
  environment: string,
): Pick<LookupVerdict, 'exit' | 'remark'> {
  const { services, complete, doubts } = answer;
  const isEmpty = services.length === 0;
  if (!complete) return { exit: isEmpty ? 'uncertain' : 'done', remark: incompleteText(answer) };
  if (!isEmpty) return { exit: 'done', remark: null };
  const why = doubts === undefined ? '' : `: ${doubtsText(doubts)}`;
  return { exit: 'no', remark: `no service is registered in ${environment}${why}` };
}

function noneRemark({ service, doubts }: LookupAnswer, choice: AnswerChoice): string {
  const { cluster } = choice;
  const wanted = [
    ...listOf(choice.tag).map((tag) => ` with ${tag}`),
    ...(cluster === undefined ? [] : [` in cluster ${cluster}`]),
  ].join('');
  if (doubts !== undefined) return `no instance of ${service}${wanted}: ${doubtsText(doubts)}`;
  const others = wanted === '' ? '' : ` ${shellWord(service)}`;
  return `no instance of ${service}${wanted}; see what there is with: rarangi lookup${others}`;
}

function staleRemark(instances: readonly InstanceInfo[]): string | null {
  const stale = instances.filter(({ state }) => state === 'stale').length;
  if (stale === 0) return null;
  const some = stale === instances.length ? 'only stale instances' : `${String(stale)} stale`;
  return `${some}: their hosts are cut off, and no server on this side knows whether they still run`;
}
