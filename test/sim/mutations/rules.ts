// Every rule of replication and of reachability, sentence by sentence, and where its absence shows:
// planted bugs by their names (the files of mutations/ says what is taken away and which story goes wrong),
// and tests of test/core where a rule shows in one server already, or where in a whole world another
// rule covers for it. rules.test.ts sees to it that all of them exist and that no bug is left out.

/** A sentence of the design, the planted bugs that take it away, and tests of test/core. */
export type Rule = readonly [
  says: string,
  planted: readonly string[],
  tested?: readonly (readonly [file: string, test: string])[],
];

/** Replication. */
export const REPLICATION: readonly Rule[] = [
  [
    'a server is the only writer of its own log',
    ['a server alone writes its log', 'a server alone replaces its log'],
  ],
  ['of each origin the state and a short tail are kept', ['a tail is short']],
  [
    'a digest says the reachable origins with their sequences',
    ['a digest says what its sender has', 'a digest lists none but those within reach'],
  ],
  ['the goodbyes that are remembered', ['a digest names the goodbyes']],
  [
    'whether its sender is complete, and which hosts it misses',
    [
      'a digest says whether its sender is complete',
      'a digest names the hosts that its sender misses',
    ],
  ],
  ['that sets the cursors', ['a digest sets the cursors']],
  [
    'for every reachable origin ahead of the cursor, send',
    [
      'none but those within reach are sent or offered',
      'a snapshot of whom it cannot reach is neither begun nor gone on with',
      'whoever has more is sent nothing',
      'a want is answered',
    ],
  ],
  [
    'entries if the tail reaches back that far, else a snapshot',
    [
      'where the tail does not reach back that far, a snapshot',
      'a snapshot is sent',
      'a tail ends at a snapshot',
      'whoever asks from the beginning gets a snapshot',
    ],
  ],
  ['then move the cursor', ['the cursor moves to what was sent']],
  [
    'what arrives moves the cursor too',
    // In a world it costs words only: spare links announce, and whoever has it says nothing.
    [],
    [['replication', 'what came from a neighbour is not sent back to it']],
  ],
  [
    'a slow link holds no memory',
    ['a slow link is not written to', 'a slow link that has caught up is written to'],
  ],
  [
    'a cursor belongs to a connection',
    [],
    [['replication', 'what the other end had is forgotten with the connection']],
  ],
  [
    'whoever drops a log forgets its cursors',
    [
      'whoever drops a log forgets its cursors',
      'whoever drops a log forgets its own cursors',
      'whoever says that it lacks all is believed',
      'a goodbye leaves no cursor',
    ],
  ],
  [
    'and tells every neighbour (origin, 0)',
    // In a world the offer of whoever reaches it again covers for it (decision 4).
    ['whoever can be reached again is offered to every neighbour'],
    [['reachability', 'a neighbour is told that nothing is left of what was dropped']],
  ],
  [
    'who becomes unreachable is asked for',
    [],
    [['reachability', 'a neighbour is told at once that what became suspect is wanted']],
  ],
  ['entries apply in sequence, older ones are ignored', ['older entries are ignored']],
  [
    'a gap asks, one question for an origin and link',
    [
      'a gap asks for what is missing',
      'one question for an origin and link at a time',
      'a question that was not answered is put again',
    ],
  ],
  [
    'a snapshot replaces the state whole and at once',
    [
      'a snapshot replaces the state whole',
      'what a snapshot lacks is gone',
      'a snapshot replaces the state at once, when its last part is there',
    ],
  ],
  [
    'it is sent in parts, one snapshot at a time, and given up safely',
    [
      "a snapshot's parts are put together",
      'parts of one snapshot belong together',
      'a frame takes no more than fits',
    ],
    [['replication', 'a snapshot with a part missing is thrown away']],
  ],
  [
    'a log that is not reachable proves nothing: its links do not count',
    [
      'the links of a log that is not proven do not count',
      'whoever goes out of reach is unproven',
      'who was never reached is not live',
      'who does not come into reach is forgotten',
    ],
  ],
  [
    'until a neighbour offers it: a line, entries or a snapshot',
    [
      'a line with our sequence, entries or a snapshot prove an origin',
      'a line with our sequence proves an origin',
      'entries prove an origin',
    ],
  ],
  [
    'a goodbye is the last entry, forwarded before the log is dropped',
    [
      'a server that stops says goodbye',
      'a goodbye is forwarded on every link',
      'a goodbye drops the log',
    ],
  ],
  [
    'goodbyes are remembered, for an hour, at most 65,536',
    [
      'a goodbye is remembered',
      'a goodbye is remembered for an hour',
      'nothing brings back who said goodbye',
      "a stranger's goodbye goes no further where none is remembered",
    ],
  ],
  ['every other drop only forgets', ['every other drop only forgets']],
  [
    'a handshake that is not finished in time is closed',
    ['a handshake not finished in time is closed'],
    [['connections', 'a server that does not greet within the silence is closed']],
  ],
  ['every 10 s a line for each origin that changed', ['every 10 s replication checks itself']],
  ['hashes count at an equal sequence', ['hashes are compared at an equal sequence only']],
  ['one combined hash of all', ['one combined hash finds what is missing as a whole']],
  [
    'a difference is asked for at the next hop, and accepted',
    ['what differs is asked for', 'what was asked for is accepted at an equal sequence'],
  ],
  ['what one side lacks', [], [['replication', 'an origin that a check names and that is not']]],
  ['entries of several origins share a frame', ['what is new is written together']],
  [
    'spare links announce (decision 8)',
    [
      'what is new is announced on a spare link',
      'what another link has brought is announced, not sent',
      'what is wanted is sent again from then on',
      'what was offered and does not come is asked for',
    ],
  ],
];

/** Who links to whom. */
export const LINKS: readonly Rule[] = [
  [
    'a leaf keeps links to two masters on two hosts',
    ['a leaf keeps links to two masters', "a leaf's two masters are on two hosts"],
  ],
  ["its own cluster's first", ["its own cluster's first"]],
  ['by rendezvous hashing of names', ['spread by names, so that a restart moves nobody']],
  [
    'the new link before the old one goes',
    ['the new link comes before the old one goes', 'links that are needed no longer go'],
  ],
  ['masters are learnt of from the catalogue', ['masters are learnt of from the catalogue']],
  ['masters link to all masters', ['masters link to all masters']],
  ['a server links to its sibling', ['a server links to its sibling']],
  [
    'if no master is known, to the peers that it was given',
    ['a server that knows no master links to the peers that it was given'],
  ],
  [
    'addresses of masters are kept, at most 256',
    ['addresses of masters are kept apart from the logs', 'addresses of masters have a bound'],
  ],
  [
    'a newer connection by the same dialler replaces the older',
    ['a newer connection by the same dialler replaces the older'],
  ],
  [
    "of two diallers the lower origin id's is kept",
    ["of two diallers the lower origin id's is kept"],
  ],
  [
    'a server at the other end of its own dial is forgotten',
    ['a server that dials itself forgets that address'],
  ],
  [
    'another environment is refused, and not tried again',
    ['another environment is refused', "another environment's address is not tried again"],
  ],
  [
    'back-off: exponential, full jitter, from a quarter of a second to 5 minutes',
    ['back-off grows', 'back-off has jitter'],
    [
      ['backoff', 'the first delay is a quarter of a second at most'],
      ['backoff', 'no delay is longer than the cap, however often a dial has failed'],
    ],
  ],
  ['30 s while split or isolated', ['back-off is 30 s at most while nobody is reached']],
  [
    'reset by a link that held for 10 s',
    [],
    [['targets', 'a link that held for ten seconds resets the back-off']],
  ],
  ['and by news of that server', ['back-off is reset by news of that server']],
  [
    'a server tells its clients when its sibling is up',
    // On the host itself clients try every 0.3 s all the same (decision 5).
    [],
    [['sessions', 'clients are told when the other server of their host is up']],
  ],
];

/** Reachability, liveness, sleep. */
export const REACHABILITY: readonly Rule[] = [
  ['a link counts if both ends claim it', ['a link counts if both ends claim it']],
  ['down says why: closed', ['whose links were all closed has crashed']],
  ['who closes for silence says so first', ['who closes a socket for silence says so first']],
  [
    'why links were lost outlasts a moment in reach (decision 17)',
    [
      'why links were lost is remembered when the dead are back for a moment',
      'who links anew says what it has of those in doubt',
    ],
  ],
  [
    'who is lost is suspect for a grace, and still live',
    ['there is a grace', 'a suspect origin is still live'],
  ],
  [
    '2 s if no reachable server reports losing it',
    [
      'a loss that nobody reports gets a longer grace',
      'a loss that is reported gets a short grace',
      'a loss that is reported later shortens the grace',
    ],
  ],
  [
    'if it is back within it, nothing happened',
    ['whoever is back within the grace was never away', 'whoever can be reached again is live'],
  ],
  [
    'hosts count that fell silent within 5 s, crashed ones included',
    [
      'hosts that fell silent within 5 s belong together',
      'the hosts already declared crashed count',
    ],
  ],
  [
    'of which no server can be reached any more',
    ['a host of which a server can be reached is not silent'],
  ],
  [
    'a crash: its own host answers, or it is the only one',
    ['whose host still answers has crashed', 'one host vanishing is a crash'],
  ],
  [
    'a crashed origin is gone from all answers, and kept aside',
    [
      'a crashed origin is gone from all answers',
      'a crashed origin is kept aside',
      'a crashed origin is forgotten in the end',
    ],
  ],
  [
    'if another whole host falls silent meanwhile, both are split',
    [
      'if another host falls silent meanwhile, both are split',
      'of a life before the last one nothing is frozen',
    ],
  ],
  [
    'two hosts, or none in reach: a net-split, which freezes',
    [
      'several hosts at once are a net-split',
      'who can reach no other host calls it a split',
      'a split freezes',
    ],
  ],
  [
    'suspect and split make a view incomplete',
    ['a view with suspect origins is not complete', 'a view with split origins is not complete'],
  ],
  [
    'a frozen origin is dropped: its host is back, `bye`, hold, operator',
    [
      'a frozen origin is dropped when its host is back without it',
      'a goodbye drops a frozen log',
      'a frozen origin is dropped when the hold ends',
      '`peers --forget` reaches every server',
      'what an operator says goes round once',
    ],
  ],
  [
    'the question is asked again 5 s after a split origin has returned',
    ['the question is asked again of those still split'],
  ],
  [
    'a closed socket is a loss at once',
    [],
    [['replication', 'a lost link is written to the log, with how it was lost']],
  ],
  ['each end says something every 400 ms', ['each end says something every 400 ms']],
  ['any byte is a sign of life', ['any byte received is a sign of life']],
  ['silence of 1.2 s is a loss', ['silence is a loss']],
  [
    'on a session after 3 s, but not over a UNIX socket',
    [
      'a hung process that embeds the library is no service',
      "of a sidecar's socket the kernel alone judges",
    ],
  ],
  [
    'a server that slept gives everyone the time that it lost',
    [
      'a server that slept notices',
      'who slept does nothing about it',
      'who slept gives everyone the time that it lost',
      'who was starved waits for others by so much longer',
      'who was starved gives graces by so much longer',
    ],
  ],
  [
    'longer than the silence: it takes in what waits on its sessions',
    ['who slept first takes in what its clients did'],
  ],
  [
    'closes its links',
    [
      'who slept closes all its links',
      'that a sleeper closed a link is no sign of a death',
      'who slept dials at once',
      'a handshake of before the sleep is not taken up',
    ],
  ],
  [
    'takes everyone for suspect and unproven, all graces anew',
    [
      'who slept takes everyone for suspect and unproven',
      'all graces start anew after a sleep, or are put off by it',
    ],
  ],
  [
    'and answers or replicates nothing of the past',
    ['what lay in the links of a sleeper is the past'],
    [['sleep', 'what lay in a link is neither taken in nor passed on']],
  ],
  [
    'on SIGTERM it waits up to 2 s until its sibling holds all',
    // Both servers of a host hear of a change at once: in a world there is hardly ever a wait.
    [],
    [
      ['stop', 'the server leaves when its sibling holds all that it holds'],
      ['stop', 'a sibling that holds an older revision is waited for'],
      ['stop', 'the sibling is waited for two seconds at most'],
      ['stop', 'clients are told first, and once'],
      ['stop', 'clients that go because they were told to take nothing along'],
    ],
  ],
];
