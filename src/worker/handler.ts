import type { JsonSchema, JsonValue } from '../task/json.ts'
import type { TaskDefaults } from '../task/new-task.ts'
import type { ParkRequest } from '../task/task-state.ts'

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
    | { readonly kind: 'park'; readonly park: ParkRequest }

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
   * Lets the task wait, without slot or lease, until a time or an event from outside, whichever comes first; then the
   * handler is called again in the same attempt.
   *
   * @throws TypeError when neither is given, or what is given cannot be waited for: `wait.condition` does not parse, a time is none
   */
  park(wait: Park): LeaseOutcome
  /** How the task's latest ten waits for events have ended, the earliest first; attempts that follow see them too. */
  readonly answers: readonly Answer[]
  /** How its latest wait for this key has ended; null when it has not waited for it. */
  answerTo<Payload = JsonValue>(key: string): Answer<Payload> | null
}

/** What a parked task waits for. */
export interface Park {
  /** It goes on then, whatever has come. */
  readonly until?: Date
  /** The same, in milliseconds from now, by the clock of the database. */
  readonly timeoutMs?: number
  /** Key of the event, 1 to 500 characters: `sendEvent` names it. */
  readonly key?: string
  /** CEL over `payload`, `key` and `sender` of the event: one that it does not hold for is passed by. */
  readonly condition?: string
  /** Events that came up to so many milliseconds before are taken too, the earliest first, each once. Default: 0. */
  readonly lookBackMs?: number
}

/** How a wait for an event has ended. */
export type Answer<Payload = JsonValue> =
  | {
      readonly outcome: 'ANSWERED'
      readonly key: string
      readonly payload: Payload
      /** TypeID of the event, `event_…`. */
      readonly eventId: string
      /** Who sent it. */
      readonly sender: string | null
      readonly at: Date
    }
  /** Its time came first. */
  | { readonly outcome: 'TIMED_OUT'; readonly key: string; readonly at: Date }

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
  /** Milliseconds; undefined for what the retry policy says alone. */
  readonly retryAfterMs: number | undefined

  /** @param options.retryAfterMs no retry comes earlier, such as where the other side asked for it; the policy's `maxMs` bounds it */
  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? true
    this.retryAfterMs = options.retryAfterMs
  }
}
