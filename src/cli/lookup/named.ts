// The answer to a NAME, which is a service or a pattern that stands for several. The code for
// patterns is kept apart, because nearly every lookup names one service, and its start is most of
// its time.

import { isPattern } from '../../answers/glob.ts';
import { lookup, type LookupAnswer, type LookupOptions } from '../../index.ts';
import { givenOnly, type Timed } from '../flags.ts';
import type { LookupFlags } from './flags.ts';

/** The question about a service, and its flags. */
export interface NamedLookup {
  readonly name: string;
  readonly options: LookupOptions & Timed;
  readonly flags: LookupFlags;
}

/** The instances of a service, or of every service that matches; --wait waits for one. */
export async function answerTo({ name, options, flags }: NamedLookup): Promise<LookupAnswer> {
  const patient = { ...options, ...givenOnly({ waitMs: flags.wait }) };
  if (!isPattern(name)) return await lookup(name, patient);
  const { lookupMatching } = await import('./many.ts');
  return await lookupMatching(name, patient);
}
