// The answer to a NAME, which is a service or a pattern that stands for several. Apart from what
// patterns take, for nearly every lookup names one service, and its start is most of its time.

import { lookup, type LookupAnswer, type LookupOptions } from '../../index.ts';
import { isPattern } from './service-pattern.ts';

/** The instances of a service, or of every service that matches. With `waitMs` it waits. */
export async function lookupNamed(name: string, options: LookupOptions): Promise<LookupAnswer> {
  if (!isPattern(name)) return await lookup(name, options);
  const { lookupMatching } = await import('./many.ts');
  return await lookupMatching(name, options);
}
