import type { JsonSchema, JsonValue } from '../../task/json.ts'
import type { TaskResources } from '../../task/resources.ts'
import type { RetryPolicy } from '../../task/retry.ts'
import type { TaskPriority } from '../../task/status.ts'

/**
 * A workflow as data: what a JSON or YAML file, the builder and the graph all hold.
 *
 * Where a `Template` stands, texts may hold expressions: `${{ input.repository }}`. Where an `Expression` stands, the whole text is CEL.
 * Both see `input`, `steps.<id>` (`output`, `status`, `error`), `context`, `run`, and inside a LOOP or MAP what its iteration has.
 */
export interface WorkflowDefinition {
  /** Of editors: where the JSON Schema of definitions is. Says nothing. */
  readonly $schema?: string
  /** What it is called and executed by: letters, digits, `_`, `-` and `.`. */
  readonly name: string
  readonly description?: string
  /** JSON Schema of a run's input. */
  readonly input?: JsonSchema | boolean
  /** JSON Schema of a run's output. */
  readonly output?: JsonSchema | boolean
  /** What is the same in every run, read by expressions as `context`. */
  readonly context?: { readonly [name: string]: JsonValue }
  readonly limits?: WorkflowLimits
  /** The steps; those without `after` begin. */
  readonly steps: readonly Step[]
  /** The run's output. Default: that of the last steps, see {@link Scope}. */
  readonly result?: Template
}

export interface WorkflowLimits {
  /** Most steps of one run that work at the same time; waiting ones do not count. Default: 10. */
  readonly maxParallelSteps?: number
  /** After so long a run fails. Default: it may take for ever. */
  readonly timeout?: Duration
  /** Most runs at a time: of the workflow, or of those with the same key. */
  readonly concurrency?: {
    readonly limit: number
    /** Runs are counted by this text, with expressions over `input` and `context`; without it all runs of the workflow together. */
    readonly key?: string
    /** Default: WAIT. */
    readonly whenFull?: WhenFull
  }
}

/** What happens to a run for which there is no room: it waits its turn, is refused, or the oldest run is cancelled for it. */
export const WHEN_FULL = ['WAIT', 'REFUSE', 'CANCEL_OLDEST'] as const
export type WhenFull = (typeof WHEN_FULL)[number]

/** CEL. */
export type Expression = string
/** A JSON value whose texts may hold expressions; a text that is one expression and nothing else becomes its value, of any type. */
export type Template = JsonValue
/** `30s`, `5m`, `2h`, `1d`, `1h30m`, or ISO 8601: `PT1M30S`. */
export type Duration = string

/** CEL, or the same in object form. */
export type Condition = Expression | ConditionObject

export type ConditionObject =
  | { readonly field: string; readonly operator: ComparisonOperator; readonly value?: JsonValue }
  | { readonly and: readonly Condition[] }
  | { readonly or: readonly Condition[] }
  | { readonly not: Condition }

export const COMPARISON_OPERATORS = [
  'equals',
  'not_equals',
  'greater_than',
  'less_than',
  'contains',
  'not_contains',
  'matches',
  'in',
  'not_in',
  'exists',
] as const
export type ComparisonOperator = (typeof COMPARISON_OPERATORS)[number]

export const STEP_TYPES = [
  'TASK',
  'CONDITION',
  'PARALLEL',
  'SEQUENTIAL',
  'LOOP',
  'MAP',
  'WAIT',
  'APPROVAL',
  'WEBHOOK',
  'SUBWORKFLOW',
  'CUSTOM',
] as const
export type StepType = (typeof STEP_TYPES)[number]

/**
 * What happens when a step has failed and no retry is left.
 *
 * FAIL: the steps around it are cancelled and what holds it fails. SKIP: it counts as skipped, and so does what only hangs on it.
 * RETRY: like FAIL, with one retry where the step says nothing of retries. COMPENSATE: like FAIL, after the compensations of what had been
 * completed, the latest first. CONTINUE: it stays failed, and what comes after it goes on.
 */
export const ON_FAILURE = ['FAIL', 'SKIP', 'RETRY', 'COMPENSATE', 'CONTINUE'] as const
export type OnFailure = (typeof ON_FAILURE)[number]

export type Step =
  | TaskStep
  | ConditionStep
  | ParallelStep
  | SequentialStep
  | LoopStep
  | MapStep
  | WaitStep
  | ApprovalStep
  | WebhookStep
  | SubworkflowStep
  | CustomStep

/** What every step may say. */
export interface StepBase {
  /** Unique in the definition: a letter, then letters, digits and `_`. */
  readonly id: string
  readonly name?: string
  readonly description?: string
  /**
   * Steps beside this one that come before it. It starts when all of them have ended and at least one was not skipped;
   * it is skipped when all of them were.
   */
  readonly after?: readonly string[]
  /** Guard, looked at when the step could start: it is skipped when this does not hold. */
  readonly when?: Condition
  readonly onFailure?: OnFailure
  /** Of the whole step; the attempts of a TASK or a WEBHOOK are its task's. Default: none, of those as the task's type says. */
  readonly retry?: StepRetry
  /** After so long the step has failed, with the code STEP_TIMEOUT; all its attempts together. */
  readonly timeout?: Duration
  /** What undoes this step once it has completed; sees its output as `steps.<id>.output`. */
  readonly compensate?: Compensation
}

export interface StepRetry {
  readonly maxAttempts?: number
  readonly strategy?: RetryPolicy['strategy']
  readonly initial?: Duration
  readonly factor?: number
  readonly max?: Duration
  readonly jitter?: number
  readonly nonRetryableCodes?: readonly string[]
}

/**
 * Steps that make a whole: those of a run, a SEQUENTIAL, or an iteration.
 *
 * Its output is that of its last step, the one that no other comes after; of several, an object by their ids.
 */
export interface Scope {
  readonly steps: readonly Step[]
}

/** How a TASK's task is made, beside its input. */
export interface TaskOptions {
  readonly queue?: string
  readonly priority?: TaskPriority
  readonly timeouts?: { readonly queue?: Duration; readonly attempt?: Duration; readonly heartbeat?: Duration }
  readonly resources?: TaskResources
  readonly pools?: Readonly<Record<string, number>>
  /** A text with expressions. */
  readonly concurrencyKey?: string
  /** A text with expressions. */
  readonly rateKey?: string
  readonly workerSelector?: string
  readonly tags?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly estimated?: Duration
}

/** Makes a task; its output becomes the step's. */
export interface TaskStep extends StepBase {
  readonly type: 'TASK'
  /** The task's type. */
  readonly task: string
  readonly input?: Template
  readonly options?: TaskOptions
}

/**
 * Picks the steps of `then` or of `else`, which stand beside it and come after it; the others are skipped, and what only hangs on them.
 *
 * A step that it names hangs on being chosen, also where that step says `after` it. Its output: true or false.
 */
export interface ConditionStep extends StepBase {
  readonly type: 'CONDITION'
  readonly if: Condition
  readonly then?: readonly string[]
  readonly else?: readonly string[]
}

/** Runs its steps together. Its output is an object of the completed ones' outputs by id. */
export interface ParallelStep extends StepBase {
  readonly type: 'PARALLEL'
  /** Without `after`: for an order among them, put them into a SEQUENTIAL. */
  readonly steps: readonly Step[]
  /** How many must succeed before the rest is cancelled. Default: ALL. */
  readonly join?: 'ALL' | 'ANY' | { readonly atLeast: number }
  /** Most of them at a time. Default: what the run allows. */
  readonly maxParallel?: number
}

/**
 * Runs its steps one after the other, in the order they are written, to the first that fails.
 *
 * Each comes after the one before, skipped or not: a step that is skipped does not skip the next. What a CONDITION among them does not
 * choose is skipped.
 */
export interface SequentialStep extends StepBase, Scope {
  readonly type: 'SEQUENTIAL'
}

/** Repeats its steps. They see `index`, from 0, and `previous`, the output of the iteration before, at first null. Its output is the last iteration's. */
export interface LoopStep extends StepBase, Scope {
  readonly type: 'LOOP'
  /** Looked at before every iteration. */
  readonly while?: Condition
  /** Looked at after every iteration, and sees its steps. */
  readonly until?: Condition
  /** Exactly so many, without `while` and `until`: a number, or an expression that gives one. */
  readonly times?: number | Expression
  /** Bound of `while` and `until`: a loop that would go on has failed, with the code LOOP_LIMIT. */
  readonly maxIterations?: number
}

/** Runs its steps once per element of a list. They see `item` and `index`, from 0. Its output is the list of their outputs, in the order of the elements. */
export interface MapStep extends StepBase, Scope {
  readonly type: 'MAP'
  /** A list, or an expression that gives one. */
  readonly items: Expression | readonly JsonValue[]
  /** Most elements at a time. Default: what the run allows. */
  readonly maxParallel?: number
  /** So many elements may fail; their output is null. Default: 0. */
  readonly tolerateFailures?: number
}

/** Waits, without a worker: for one of a duration, a time, or an event. Its output: the event's payload; of the others null. */
export interface WaitStep extends StepBase {
  readonly type: 'WAIT'
  /** A duration, or a text with an expression that gives one. */
  readonly duration?: Duration
  /** A time in ISO 8601, or a text with an expression that gives one. */
  readonly until?: string
  readonly event?: EventWait
  /** Of an event: what becomes of it when `timeout` is over, it fails, or completes with `output`. Default: it fails. */
  readonly onTimeout?: { readonly output: Template }
}

export interface EventWait {
  /** Key of the event, a text with expressions. */
  readonly key: string
  /** Must hold for the event, which it sees as `event` (its payload). */
  readonly where?: Condition
}

export const APPROVER_ROLES = ['ADMIN', 'OPERATOR', 'DEVELOPER', 'VIEWER'] as const
export type ApproverRole = (typeof APPROVER_ROLES)[number]

/** Asks people. Its output: `{ approved, decisions: [{ by, approved, comment, form }], form }`. */
export interface ApprovalStep extends StepBase {
  readonly type: 'APPROVAL'
  /** What is asked, a text with expressions. */
  readonly message: string
  readonly approvers: {
    /** Names of principals, texts with expressions. */
    readonly principals?: readonly string[]
    /** Or whoever has this role, or a higher one. */
    readonly role?: ApproverRole
  }
  /** So many must approve. Default: 1. One that refuses ends it, once the others cannot make up the number. */
  readonly need?: number
  /** JSON Schema of what an approver fills in. */
  readonly form?: JsonSchema | boolean
  /** What counts as answered when `timeout` is over. Default: it fails. */
  readonly onTimeout?: { readonly approved: boolean; readonly form?: Template }
  /** Whether a refusal fails the step, with the code APPROVAL_REFUSED, or completes it with `approved: false`. Default: FAIL. */
  readonly onRefusal?: 'FAIL' | 'CONTINUE'
}

export const WEBHOOK_METHODS = ['POST', 'PUT', 'PATCH', 'GET', 'DELETE'] as const
export type WebhookMethod = (typeof WEBHOOK_METHODS)[number]

/** Sends a request. Its output: `{ status, headers, body }`, or the body of the call-back. */
export interface WebhookStep extends StepBase {
  readonly type: 'WEBHOOK'
  /** http or https, a text with expressions. */
  readonly url: string
  /** Default: POST. */
  readonly method?: WebhookMethod
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Template
  /** Name of the setting that holds the secret the request is signed with. */
  readonly secret?: string
  /** Waits until the one-time URL `callback.url`, which `body` can hold, is called. */
  readonly callback?: boolean
}

/** Starts a run of another workflow and takes its output. Cancelling and failing cross the border. */
export interface SubworkflowStep extends StepBase {
  readonly type: 'SUBWORKFLOW'
  readonly workflow: string
  /** Default: the newest that is READY. */
  readonly version?: number
  readonly input?: Template
}

/** Makes a task of the type that an integration serves as `handler`. */
export interface CustomStep extends StepBase {
  readonly type: 'CUSTOM'
  readonly handler: string
  readonly input?: Template
}

type OfPlaceInScope = 'after' | 'when' | 'compensate' | 'onFailure'

/** A step that undoes another: one that stands alone. */
export type Compensation =
  | Omit<TaskStep, OfPlaceInScope>
  | Omit<WebhookStep, OfPlaceInScope>
  | Omit<SubworkflowStep, OfPlaceInScope>
  | Omit<CustomStep, OfPlaceInScope>

export const COMPENSATION_TYPES = ['TASK', 'WEBHOOK', 'SUBWORKFLOW', 'CUSTOM'] as const satisfies Compensation['type'][]

/** Steps inside a step, of types that hold some. */
export function stepsWithin(step: Step): readonly Step[] {
  return 'steps' in step ? step.steps : []
}
