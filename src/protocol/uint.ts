// Whole numbers as CBOR writes them (RFC 8949, section 3), for bytes that are put together by hand:
// the lengths of frames and the numbers of requests. The invariant: the shortest form, as
// deterministic encoding demands; the same bytes as the encoder's.

/** How many bytes a whole number takes. */
export function uintBytes(value: number | bigint): number {
  if (value < LENGTH_IN_1) return 1;
  if (value < 2 ** 8) return 2;
  if (value < 2 ** 16) return 3;
  return value < 2 ** 32 ? 5 : 9;
}

/** Writes a whole number there; returns the position behind it. */
export function writeUint(to: Uint8Array, position: number, value: number | bigint): number {
  const end = position + uintBytes(value);
  if (end === position + 1) {
    to[position] = Number(value);
    return end;
  }
  to[position] = LENGTH_IN_1 + Math.log2(end - position - 1);
  let rest = Number(value);
  for (let index = end - 1; index > position; index -= 1) {
    to[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return end;
}

/** The first of four codes for a number that follows in 1, 2, 4 or 8 bytes. */
const LENGTH_IN_1 = 24;
