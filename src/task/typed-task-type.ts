import type { JsonValue } from './json.ts'

declare const TYPES: unique symbol

/** A task type by its name, with the types of its input and output, which are there for the compiler alone. */
export interface TypedTaskType<Input = JsonValue, Output = JsonValue> {
  readonly name: string
  readonly [TYPES]?: { readonly input: Input; readonly output: Output }
}
