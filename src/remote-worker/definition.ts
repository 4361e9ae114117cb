import type { TaskDefaults } from '../task/new-task.ts'
import type { SchemaOf } from './schema-of.ts'

/** A task type as a worker serves it. What it says replaces what was said of the type before. */
export interface ServedDefinition<Input, Output> {
  readonly description?: string
  readonly input?: SchemaOf<Input>
  readonly output?: SchemaOf<Output>
  /** What tasks of this type get when their creator does not say. */
  readonly defaults?: TaskDefaults
}

/** A task type whose handler runs in a worker thread, which is ended when it does not heed its signal. */
export interface ThreadDefinition extends ServedDefinition<unknown, unknown> {
  /** A module that exports `handler(task, context)`: `new URL('./handler.ts', import.meta.url)`. */
  readonly file: URL
}
