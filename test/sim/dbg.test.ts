import { test } from 'vitest';
import { simulate } from './run.ts';
import { Cluster } from './cluster.ts';
import type { SimServer } from './cluster.ts';
test('dbg', () => {
  const seen: SimServer[] = [];
  const orig = Cluster.prototype.start;
  Cluster.prototype.start = function (spec) { const s = orig.call(this, spec); seen.push(s); return s; };
  simulate({ seed: Number(process.env['FROM']), minutes: 1 });
  for (const s of seen) { if (s.process.state === 'ended') continue; const st = s.core.state;
    console.log(s.name, 'synced', st.isSynced, 'complete', st.isComplete, 'untried', [...st.targets.values()].filter(t => !t.wasTried && !t.isRefused).map(t => t.address + ' ' + t.phase + ' wanted ' + String(t.isWanted)+' self '+String(t.isSelf)).join(', '), 'links', [...st.links.values()].map(l => `${String(st.origins.get(l.origin)?.log.facts.name)}:${String(l.hasDigest)}:${[...l.expected.keys()].map(k => st.origins.get(k)?.log.facts.name ?? seen.find(x => x.core.state.self.id === k)?.name + '?').join('+')}:${l.isNeighbourComplete}`).join(' '), [...st.origins.values()].flatMap(o => [...o.log.links].filter(p => !st.origins.has(p)).map(p => o.log.facts.name + '->' + String(seen.find(x => x.core.state.self.id === p)?.name)+ ' ' + String(seen.find(x => x.core.state.self.id === p)?.process.state))).join()); }
}, 1e6);
