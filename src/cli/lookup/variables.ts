// A service as variables, for a shell or a command. One invariant: two services never share a
// variable; the error for such a question says what else to ask for.

import {
  formatted,
  SharedVariable,
  type TextFormat,
  variablesOf as variablesIn,
  type Variables,
} from '../../answers/instance-text.ts';
import { RarangiError, type InstanceInfo } from '../../index.ts';

/** The variables of instances of different services. Throws RARANGI_USAGE. */
export function variablesOf(instances: readonly InstanceInfo[]): Variables {
  return unshared(() => variablesIn(instances));
}

/** The lines of instances in a form. Throws RARANGI_USAGE where two services share a variable. */
export function linesOf(instances: readonly InstanceInfo[], format: TextFormat): string[] {
  return unshared(() => formatted(instances, format));
}

function unshared<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SharedVariable)) throw error;
    throw RarangiError.usage(
      error.message,
      'look up each service by its name, or use --format json',
    );
  }
}
