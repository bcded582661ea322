// The ends of a TLS connection.

/** Which end of a connection shows the certificate: a server is both, because it dials others. */
export type TlsEnd = 'client' | 'server';
