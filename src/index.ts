// The library: what a program that embeds rarangi may use, and nothing else. The command line is
// its first user. The invariant: names here are stable; everything below may move. The only file
// that re-exports.

/// <reference lib="esnext.disposable" preserve="true" />

export type { Level, Notice, NoticeName } from './core/notices.ts';
export { NOTICES, sentenceOf } from './core/notices.ts';
export type { Explanation } from './answers/explain.ts';
export type { EventInfo, HistoryAnswer } from './answers/history.ts';
export type { DoubtsInfo } from './answers/doubts.ts';
export type {
  GoneInfo,
  InstanceInfo,
  LookupAnswer,
  PeerInfo,
  PeersAnswer,
  ReasonInfo,
  ServiceInfo,
  ServicesAnswer,
  StatusReport,
  WatchEvent,
} from './answers/shapes.ts';
export type { ViewInfo, ViewReason } from './answers/view.ts';
export { explain } from './io/client/explain.ts';
export { followHistory, history } from './io/client/history.ts';
export { forget, lookup, peers, services, status } from './io/client/ask.ts';
export type {
  CallOptions,
  ClientOptions,
  HistoryOptions,
  HistoryQuery,
  LookupOptions,
  LookupQuery,
  PeersOptions,
  WatchOptions,
  WatchQuery,
} from './io/client/options.ts';
export type { Client, ConnectOptions } from './io/client/connect.ts';
export { connect } from './io/client/connect.ts';
export { environmentsHere } from './io/client/environments.ts';
export type { DenialInfo } from './io/client/failures.ts';
export type { RarangiErrorCode } from './io/rarangi-error.ts';
export { RarangiError } from './io/rarangi-error.ts';
export type {
  ClientEvents,
  Offer,
  RegisterOptions,
  RegistrationEvents,
  RegistrationHandle,
} from './io/client/registration.ts';
export { checkOffer } from './io/client/registration.ts';
export type { ResolveOptions } from './io/client/resolve.ts';
export type { LockOptions } from './io/tls/credentials.ts';
export { tokensOf } from './io/tls/read-token.ts';
export { newSecret } from './io/tls/secret-file.ts';
export type { ServerHandle } from './io/server/serve.ts';
export { serve } from './io/server/serve.ts';
export type { ServeOptions } from './io/server/serve-options.ts';
export { watch } from './io/client/watch.ts';
