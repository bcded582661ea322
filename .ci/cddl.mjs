// src/protocol/rarangi.cddl, from the table of messages.

import { built, settle } from './generated.mjs';

const { renderCddl } = await built('protocol/cddl.js');
settle([['src/protocol/rarangi.cddl', renderCddl()]]);
