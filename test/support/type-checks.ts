/** Compiles only when `T` is empty; the compiler's message then lists what it is instead. */
export type Nothing<T extends never> = T;

/** `T` in which every optional field may also be null or undefined, at any depth: services send null for "none". */
export type OrNull<T> = T extends readonly (infer Entry)[]
  ? OrNull<Entry>[]
  : T extends object
    ? { [K in keyof T]: K extends OptionalKeys<T> ? OrNull<T[K]> | null | undefined : OrNull<T[K]> }
    : T;

/** `T` without interfaces, which TypeScript never takes for something with an index signature. */
export type Plain<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer E)[]
    ? Plain<E>[]
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;

type OptionalKeys<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];

type AnyKey<T> = T extends unknown ? keyof T : never;
type Field<T, K extends PropertyKey> = T extends unknown
  ? K extends keyof T
    ? NonNullable<T[K]>
    : never
  : never;
type Entry<T> = T extends readonly (infer E)[] ? E : never;

/** Paths of fields that `Ours` has and no variant of `Theirs`: assignability alone forgives a misspelt optional field. */
export type UnknownFields<Ours, Theirs, Path extends string = ''> = unknown extends Ours
  ? never
  : unknown extends Theirs
    ? never
    : Ours extends readonly (infer E)[]
      ? UnknownFields<E, Entry<Theirs>, `${Path}[]`>
      : Ours extends object
        ? string extends keyof Ours
          ? never
          : {
              [K in keyof Ours & string]: K extends AnyKey<Theirs>
                ? UnknownFields<NonNullable<Ours[K]>, Field<Theirs, K>, `${Path}.${K}`>
                : `${Path}.${K}`;
            }[keyof Ours & string]
        : never;
