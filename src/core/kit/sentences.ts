// Sentences with `{fields}`, for the tables of notices and of a sidecar's events. The invariant:
// the type of a sentence has its fields; code that fills in fewer does not compile.

/** The value of a field. */
export type FieldValue = string | number;

/** Fields, whichever. */
export type Fields = Readonly<Record<string, FieldValue>>;

/** A row of a table of sentences. */
export interface SentenceSpec {
  readonly sentence: string;
  /** Fields that only a log of JSON shows. */
  readonly besides?: readonly string[];
}

/** The fields that a row needs: those of its sentence, and those besides. */
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
