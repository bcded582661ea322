import { expect, test } from 'vitest';
import { Cluster } from './cluster.ts';
import { prngOf, randomBytesOf } from './prng.ts';
test('smoke', () => {
  const c = new Cluster(prngOf(1));
  const hosts = ['h1','h2','h3'];
  for (const h of hosts) for (const s of ['a','b'] as const) {
    c.start({ name: `${h}-${s}`, host: h, side: s, isMaster: h !== 'h3', siblings: [`${h}-${s==='a'?'b':'a'}`], peers: h==='h1'?[]:['h1-a','h1-b'] });
  }
  c.run(200);
  const show = () => { for (const n of c.nodes.values()) { if (!n.isUp) continue; const st = n.server.state; console.log(c.nowMs, n.options.name, 'links', [...st.links.keys()].map(k=>st.origins.get(k)?.log.facts.name).join(), 'origins', [...st.origins.values()].map(o=>o.log.facts.name+':'+o.standing+':'+o.log.sequence).join(' '), st.isComplete, st.missing.join(), 'live', st.catalogue.counts.live); } };
  show();
  c.run(8000); show();
  const inst = randomBytesOf(c.random);
  const clients = ['h3-a','h3-b'].map(n => c.connect(n));
  for (const cl of clients) c.say(cl, {kind:'register', request: 1, registration: {instance: inst as never, revision: 1, service: 'cache' as never, address: '', port: 7, scheme: null, tags: []}});
  c.run(20); show(); console.log(clients[0]?.received.map(m=>m.kind));
  for (const cl of clients) c.disconnect(cl);
  c.run(20); show();
  c.kill('h1-a'); c.run(2000); show();
  c.lose('h2-a'); c.lose('h2-b'); c.run(3000); show();
  for (const n of c.nodes.values()) console.log(n.options.name, n.notices.map(x => x.nowMs.toFixed(0)+x.notice.name+JSON.stringify(x.notice.fields)).join('\n   '));
  console.log(c.messagesCount, c.bytesCount);
  expect(1).toBe(1);
});
