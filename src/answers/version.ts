// The version of this program, for questions to a server. One invariant: it is that of
// package.json; a test compares them, because a bundled file cannot know where package.json is.

/** As in package.json. */
export const VERSION = '0.1.0';
