import type { JsonSchema, JsonValue } from '../task/json.ts'
import type { TaskDefaults } from '../task/new-task.ts'

/** What a handler is given to work on: one claimed task, read once at the claim. */
export interface HandledTask<Input = JsonValue> {
  /** TypeID of the task, `task_…`. */
  readonly id: string
  readonly name: string
  readonly type: string
  /** Checked against the type's input schema before the handler is called. */
  readonly input: Input
  readonly labels: Readonly<Record<string, string>>
  /** Which attempt this is, from 1. */
  readonly attempt: number
  /** Fencing token of this attempt's lease: pass it on to outside systems that can refuse a stale writer. */
  readonly epoch: number
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** The handler's way to the outside: all calls return at once, what they say is written in batches. */
export interface HandlerContext {
  /** Aborted when the task is cancelled, timed out, or its lease is lost; `signal.reason` says which. */
  readonly signal: AbortSignal
  /** @param fraction done so far, 0 to 1; the latest call wins */
  progress(fraction: number, message?: string): void
  /** Appends one line to the task's log. */
  log(level: LogLevel, message: string, fields?: Record<string, JsonValue>): void
  readonly lease: Lease
}

/** What a handler returns when its attempt ends without an output. */
export class LeaseOutcome {
  readonly end:
    | { readonly kind: 'release'; readonly reason: string | null; readonly delayMs: number }
    | { readonly kind: 'park'; readonly park: { readonly until: Date | null; readonly waitKey: string | null } }

  constructor(end: LeaseOutcome['end']) {
    this.end = end
  }
}

/** Ways to give up the slot unfinished: return what they return. */
export interface Lease {
  /**
   * Gives the task back: after `afterMs` milliseconds (default 1,000) the next free worker claims it, which may be this one.
   * It does not count as a failure.
   *
   * @throws TypeError when `afterMs` is not between 0 and 2,147,483,647
   */
  release(reason?: string, options?: { afterMs?: number }): LeaseOutcome
  /**
   * Lets the task wait, without slot or lease, until a time or an outside answer, whichever comes first; then the
   * handler is called again in the same attempt.
   *
   * @throws TypeError when neither is given, or the time is not a valid date
   */
  park(wait: { until?: Date; key?: string }): LeaseOutcome
}

/** Runs one attempt. The returned value is the task's output: JSON of at most 1 MB. */
export type TaskHandler<Input = JsonValue, Output = JsonValue> = (
  task: HandledTask<Input>,
  context: HandlerContext,
) => Returned<Output> | Promise<Returned<Output>>

// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement is a handler too
type Returned<Output> = Output | LeaseOutcome | void

/** A task type together with the function that runs it. */
export interface TaskTypeDefinition<Input = JsonValue, Output = JsonValue> {
  /** lower_snake_case, unique in the tenant. */
  readonly name: string
  readonly description?: string
  readonly input?: JsonSchema
  readonly output?: JsonSchema
  /** What tasks of this type get when their creator does not say. */
  readonly defaults?: TaskDefaults
  readonly handler: TaskHandler<Input, Output>
}

/**
 * Thrown by a handler to fail its attempt with a code of its own.
 *
 * Any other thrown value fails the attempt with code `HANDLER_ERROR` and may be retried.
 */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure'
  /** Stable, UPPER_SNAKE_CASE; retry policies can name it as not retryable. */
  readonly code: string
  readonly retryable: boolean

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? true
  }
}
