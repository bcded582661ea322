// Sentences with `{fields}`, as the tables of notices and of a sidecar's events have them. The
// invariant: a sentence says by its type which fields it has; who fills it in with fewer does not
// compile.

/** What a field may be. */
export type FieldValue = string | number;

/** Fields, whichever. */
export type Fields = Readonly<Record<string, FieldValue>>;

/** A row of a table of sentences. */
export interface SentenceSpec {
  readonly sentence: string;
  /** Fields that only a log of JSON shows. */
  readonly besides?: readonly string[];
}

/** What has to be given with a row: the fields of its sentence, and those besides. */
export type FieldsOf<Row extends SentenceSpec> = Readonly<
  Record<FieldIn<Row['sentence']> | Besides<Row>, FieldValue>
>;

type FieldIn<Sentence extends string> = Sentence extends `${string}{${infer Field}}${infer Rest}`
  ? Field | FieldIn<Rest>
  : never;

type Besides<Row> = Row extends { readonly besides: readonly (infer Field)[] }
  ? Field & string
  : never;

/** One sentence of a row, from parts that fit in a line each. */
export function sentence<const Parts extends readonly string[]>(...parts: Parts): Joined<Parts> {
  return parts.join('') as Joined<Parts>;
}

/** A sentence with its fields filled in. */
export function filledIn(text: string, fields: Fields): string {
  return text.replace(/\{(\w+)\}/g, (_, field: string) => String(fields[field]));
}

type Joined<Parts extends readonly string[]> = Parts extends readonly [
  infer First extends string,
  ...infer Rest extends readonly string[],
]
  ? `${First}${Joined<Rest>}`
  : '';
