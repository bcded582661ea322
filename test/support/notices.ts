// For tests that read notices whose name they do not know.

import type { Notice } from '../../src/core/notices.ts';

/** The reason that a notice gives; null if its sentence has none. */
export function reasonOf({ fields }: Notice): string | null {
  return 'reason' in fields ? String(fields.reason) : null;
}
