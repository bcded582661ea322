import { test } from 'vitest';
import { simulate } from './run.ts';
import type { Sabotage } from './cluster.ts';
import type { Message } from '../../src/protocol/messages.ts';
import type { State } from '../../src/core/state.ts';
const without = (kind: Message['kind']) => (m: Message) => m.kind === kind ? null : m;
const M: Record<string, Sabotage> = {
  'drop bye': { message: (m) => m.kind === 'entries' && m.batches.some(b => b.entries.at(-1)?.kind === 'bye') ? null : m },
  'drop offers': { message: without('offer') },
  'drop want': { message: without('want') },
  'drop view': { message: without('view') },
  'drop check': { message: without('check') },
  'drop ping': { message: without('ping') },
  'drop snapshot': { message: without('snapshot') },
  'drop sibling': { message: without('sibling') },
  'digest w/o lines': { message: (m) => m.kind === 'digest' ? { ...m, lines: [] } : m },
  'digest w/o goodbyes': { message: (m) => m.kind === 'digest' ? { ...m, goodbyes: [] } : m },
  'digest complete': { message: (m) => m.kind === 'digest' ? { ...m, complete: true } : m },
  'every log proven': { belief: (s: State) => { for (const o of s.origins.values()) if (!o.isProven) { o.isProven = true; s.isGraphDirty = true; } } },
  'forget goodbyes': { belief: (s) => { s.goodbyes.clear(); } },
  'cursors ahead': { belief: (s) => { for (const l of s.links.values()) for (const o of s.origins.values()) l.cursors.set(o.id, o.log.sequence); } },
  'cursors reset': { belief: (s) => { for (const l of s.links.values()) l.cursors.clear(); } },
  'no grace': { options: { graceMs: 0 } },
  'long grace': { options: { graceMs: 30000 } },
  'long silence': { options: { silenceMs: 20000 } },
  'no hold': { options: { splitHoldMs: 0 } },
  'sessions leak': { message: (m) => m },
};
test('mut', () => {
  for (const [name, sabotage] of Object.entries(M)) {
    if (process.env['ONLY'] && !name.includes(process.env['ONLY'])) continue;
    const kinds = new Map<string, number>(); let failed = 0; let first = 0; const n = Number(process.env['N'] ?? 12);
    for (let seed = 1; seed <= n; seed++) {
      try { const o = simulate({ seed, minutes: 1, sabotage }); if (o.violations.length) { failed++; first ||= seed; }
      for (const v of o.violations.slice(0, 5)) kinds.set(v.invariant.slice(0, 30), (kinds.get(v.invariant.slice(0, 30)) ?? 0) + 1); } catch (e) { kinds.set('THREW ' + (e as Error).message, 1); failed++; first ||= seed; }
    }
    console.log(name.padEnd(20), failed, '/', n, 'first', first, [...kinds].map(([k, c]) => `${k}:${c}`).join(' | '));
  }
}, 3e6);
