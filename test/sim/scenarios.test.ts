// Every way in which earlier versions of the rules broke (a number is a fault that the first rules
// had, a letter one that an attack on the next ones found), and ordinary life, as stories that now
// go well. The files of mutations/ show their worth: there they are told with a rule taken away.

import { expect, test } from 'vitest';
import { mutantCores } from './mutations/mutant.ts';
import * as alone from './stories/alone.ts';
import * as faults from './stories/faults.ts';
import * as heal from './stories/heal.ts';
import * as hostile from './stories/hostile.ts';
import * as life from './stories/life.ts';
import * as answers from './stories/answers.ts';
import * as flow from './stories/flow.ts';
import * as links from './stories/links.ts';
import * as lives from './stories/lives.ts';
import * as news from './stories/news.ts';
import * as proof from './stories/proof.ts';
import * as seeking from './stories/seeking.ts';
import * as sleep from './stories/sleep.ts';
import * as split from './stories/split.ts';
import type { Story } from './stories/story.ts';
import * as timings from './stories/timings.ts';
import * as upgrade from './stories/upgrade.ts';
import { upgradesOf } from './stories/upgrade-pauses.ts';
import { todaysThird } from '../support/tenth.ts';

const stories: readonly (readonly [name: string, story: Story])[] = [
  ['[F1] healing a split brings nobody dead back', split.healing],
  [
    '[F1][F5] what lies behind a healed cut comes back unchanged, in a chain too',
    split.healingChain,
  ],
  ['[F1] who died in a split with others is live for no moment', split.deadTogether],
  ['[F2] a server that slept answers and replicates nothing of the past', life.sleep],
  ['[F2] who asks a server that has just woken up is not told the past', life.askedAwakening],
  ['[F3] what lay in a connection for half a minute is no news', links.stuckHandshake],
  ['[F4] a split that is longer than the hold heals', split.longSplit],
  ['[F6] a goodbye reaches every server, however far', life.farewell],
  ['[F6] a goodbye in a split is heard when it heals', life.farewellInSplit],
  ['[F6][F22] more goodbyes than are remembered die out', life.manyFarewells],
  ['[F7] a host that boots is complete only with everything', life.bootHost],
  ['[F7] a fresh server in a split does not call its half complete', life.freshInSplit],
  ['[F7] nobody is complete too early at a cold start', life.coldStart],
  ['[F8] the way back is known though the only peer is gone for good', split.decommissioned],
  ['[F9] a cut that rolls out over seconds deletes nothing', split.rollingCut],
  ['a bug that is met costs one connection and no other', faults.planted],
  ['a server whose links are slow finds that it slept', timings.slowBeats],
  ['a cut that shows at a slow host seconds later deletes nothing', timings.slowCut],
  ['[F10] leaves live on when two masters lose their power', split.mastersGone],
  ['[F11] in a cluster of two hosts a cut is a split', split.twoHosts],
  ['[F12] who died in a split is soon gone after it heals', split.deadAfterHeal],
  ['[F12] a frozen server whose host is back without it is forgotten', split.backWithout],
  ['who is lost alone after a host was cut off is a crash', alone.lostAfterHeal],
  ['who is lost alone after a net-split is a crash', alone.lostAfterGroups],
  ['[F13] after a long split the first link that is back brings all others', split.backOff],
  ['[F13] an address where nobody is is dialled less and less often', links.nobodyThere],
  ['[F13] who waits for another host finds it in time, and again', links.lonelyWait],
  ['[F15] a cable that is cut one way makes nobody lie', split.oneWay],
  ['a cut that heals while the verdicts are due removes nothing', heal.healedSoon],
  ['nor does one between leaves and their only master', heal.healedSoonByLeaf],
  ['who finds restarted masters late is not lost, though its sibling is', heal.lateToMasters],
  ['[F16] a network that comes and goes loses nobody for good', split.flapping],
  ['[F14] when both ends dial at once one link stays', links.bothDial],
  ['[F14] who has lost its end of a link gets a new one', links.replaced],
  ['who lags behind the tail gets a snapshot, in parts', links.tail],
  ['[F17] a server that is starved again and again drops nobody', life.starved],
  ['[F18] a rolling restart makes no lookup miss', life.rollingRestart],
  ['[F18] a server that stops waits until its sibling has everything', life.handOver],
  ['[F19] without masters each host stands alone, and nobody is promoted', split.noMasters],
  ['[F20] two hosts that lose power within seconds are a split', split.twoCrashes],
  ['[F20] two hosts that are rebooted are two crashes', split.twoKills],
  ['a host that starts and is stopped again leaves no life of before', lives.powerThenStop],
  ['[F21] a rack that is gone is stale until someone says so', split.rack],
  ['[F22] nothing is kept of the lives that are over', life.manyLives],
  ['what has rotted in memory is noticed and mended', links.rotten],
  ['a log that is lost as a whole is noticed and mended', links.vanished],
  ['a log that is larger than a frame travels in several', links.largeLog],
  ['one change reaches every server about once', links.payload],
  ['a link that opens again brings only what is new', links.reopened],
  ['leaves spread over the masters of their cluster by name', links.ownCluster],
  ['a leaf has links to masters on two hosts, whatever happens to one', links.twoMasters],
  [
    '[R86] masters that are replaced at other addresses are found over one leaf',
    seeking.replacedByAddress,
  ],
  ['[R123] who has found a leaf again looks for nobody else', seeking.leafFound],
  ['[R125] a master that was found and lost again costs no other way back', seeking.falseMaster],
  ['[R84] a host with slower timings is given up by nobody', links.slowHost],
  ['masters that are named in DNS are found at their new addresses', seeking.replacedByName],
  ['a server that was given its own address forgets it', links.self],
  ['a slow link holds no memory', links.backPressure],
  ['a client that reads slowly loses neither news nor its session', flow.slowReader],
  ['a slow link catches up and is not taken for a silent one', links.slowLink],
  ['a service that returns before it was missed keeps its instance', links.takeOver],
  ['one host that falls silent is a crash', split.crash],
  ['[F11] in a cluster of two hosts a kill is a crash', split.twoHostsKill],
  ['on a lone host the servers find each other and split nothing', split.loneHost],
  ['a link given up on purpose just before a split makes no crash of it', split.givenUp],
  ['a short interruption is none', split.blink],
  ['a short interruption is none for a server far behind it', split.blinkChain],
  ['nor is one in which nobody has anything new to say', split.shortBlinkChain],
  ['services come, change and go', life.comeAndGo],
  ['a process that hangs is no service, a sidecar that is swapped out is', life.hang],
  ...upgradesOf(todaysThird('pauses of an upgrade', upgrade.PAUSES_MS)),
  [
    'a lone server leaves at once, one with a sibling that hangs in two seconds',
    upgrade.aloneOrNot,
  ],
  ['[R128] what ends while a server waits to leave ends there, too', upgrade.endedMeanwhile],
  ['nobody who watches hears of a restart', life.watchRestart],
  ['what changes while a watcher has no server is told later', life.watchMeanwhile],
  ['nothing crosses environments', life.environments],
  ['[F17] a server that is starved in doubt doubts no shorter', life.starvedInDoubt],
  ['[F19] a leaf both masters of which are killed takes that for crashes', split.mastersKilled],
  ['[F17] who was starved for a second takes nobody for silent', life.starvedLong],
  ['[F18] a server that is killed is missed by nobody', answers.oneOfTwo],
  ['a link that stands by is asked when the faster one falls silent', news.standIn],
  ['[R122] what was asked on a way that is cut is asked of another', news.askedInVain],
  ['one question for an origin at a time', news.askedOnce],
  ['who was never reached is not live, and soon forgotten', news.strangers],
  ['addresses of masters have a bound', news.manyMasters],
  ['[F6] nothing that comes late brings back who said goodbye', news.lateCopy],
  ['[F14] a newer connection by the same dialler replaces the older', news.dialledAnew],
  ['[F21] what an operator says goes round once', news.forgottenOnce],
  ['changes that come together travel together', news.burst],
  ['a service that lives while its host is cut off for a moment is told of once', news.flicker],
  ['what lived for a moment after a net-split lived once', news.flickerOfReturned],
  ['what ended beside a crashed server is over, though its host is cut off', news.endedAside],
  ['a session that was lost and is back makes no server doubt', news.endTakenBack],
  ['of what was over before it was heard of nobody is told', news.lateLife],
  ['the sides of a host disagree, and the higher revision holds', news.revisions],
  ['a server that hangs is no host that is lost', news.oneAndAHost],
  ['[F7] a lone server is complete at once, a second one is not', answers.loneStart],
  [
    '[F7] who never reached another host that it was told of is not complete',
    answers.aloneWithPeers,
  ],
  ['[F7] nobody is complete without a log that is named', answers.namedOnly],
  ['nor without the log of a host that crashed and is named again', answers.namedCrashed],
  ['what a net-split took from one is missing for all, however far away', answers.lostFarAway],
  ['what one server alone knew and has lost is missing for all', answers.newLifeAtFew],
  ['a cold start of all at once ends in a moment', answers.quickStart],
  ['[F12] a live answer beats a stale one when a host is half back', answers.liveFirst],
  ["a restart of a host's only server is no removal", answers.loneRestart],
  ['what a watcher knew is stale while it is cut off', answers.watchedCutOff],
  ['a watcher is told nothing twice when its next server lags', answers.watchedLag],
  ['a watcher leaves a server that is silent', answers.watchedSilent],
  ['[F1] nobody speaks of whom it cannot reach', proof.heldBack],
  ['a server alone writes its log', proof.ownWriter],
  ['parts of two snapshots make none', proof.mixedParts],
  ['a server that has more is sent nothing', proof.ahead],
  ['[F22] goodbyes are remembered for an hour', proof.oldGoodbyes],
  ['[F2] who wakes takes nobody for reachable', sleep.waking],
  ['[F2] who wakes, cut off, closes its links and drops nobody', sleep.lidClosed],
  ['[F2] who wakes dials at once', sleep.wakesAndDials],
  ['[F2][F3] who wakes goes on with no handshake', sleep.asleepInHandshake],
  ['[F2] what was asked of a sleeper is answered as of now', sleep.askedAsleep],
  ['a hostile server that one host lets in harms nobody else', hostile.byOneHost],
  ['a hostile server that links to every host harms nobody else', hostile.toAllHosts],
  ['a hostile client harms nobody else', hostile.asClient],
];

for (const [name, story] of stories) {
  test(name, () => {
    expect(story()).toEqual([]);
  });
}

test('[F6][F22] what there is no room to remember does not go round for ever', () => {
  const cores = mutantCores([['constants#GOODBYES_MAX', '65_536', '4']]);

  expect(life.manyFarewells({ cores })).toEqual([]);
});
