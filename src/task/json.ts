/** A value that survives JSON unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** A JSON Schema (draft 2020-12) as data. */
export type JsonSchema = { readonly [key: string]: JsonValue }
