import type { JsonSchema } from '../../../task/json.ts'
import type {
  ApprovalStep,
  ApproverRole,
  Compensation,
  ConditionObject,
  Expression,
  OnFailure,
  ParallelStep,
  StepRetry,
  StepType,
  TaskOptions,
  WebhookStep,
} from '../definition.ts'
import type { Cel, Fillable, Filled, Ref } from './ref.ts'

/** A step that was made, for others to refer to. */
export interface StepRef<Output = unknown> {
  readonly id: string
  readonly type: StepType
  /** There when it has completed. */
  readonly output: Ref<Output>
  /** COMPLETED, FAILED (where its failure is borne) or SKIPPED. */
  readonly status: Ref<string>
  /** There when it has failed. */
  readonly error: Ref<{ code: string; message: string }>
}

/** CEL, the same in object form, or a reference. */
export type ConditionInput =
  | Expression
  | Cel<unknown>
  | (Omit<Extract<ConditionObject, { field: string }>, 'field'> & { readonly field: Expression | Cel<unknown> })
  | { readonly and: readonly ConditionInput[] }
  | { readonly or: readonly ConditionInput[] }
  | { readonly not: ConditionInput }
/** A text; references in template literals become expressions. */
export type TextInput = string | Cel<unknown>

/** What every step may say. */
export interface StepOptions<Output = unknown> {
  readonly name?: string
  readonly description?: string
  /** Steps that come before it, beside those whose results it uses. */
  readonly after?: readonly ({ readonly id: string } | string)[]
  readonly when?: ConditionInput
  readonly onFailure?: OnFailure
  readonly retry?: StepRetry
  readonly timeout?: string
  /** Makes the step that undoes this one once it has completed. */
  compensate?(undo: UndoSteps, done: StepRef<Output>): Undo
}

/** A compensation that was made. */
export interface Undo {
  readonly compensation: Compensation
}

type Alone = Pick<StepOptions, 'name' | 'description' | 'retry' | 'timeout'>

export interface TaskInput<Input> {
  readonly input?: Filled<Input>
  readonly options?: Omit<TaskOptions, 'concurrencyKey' | 'rateKey' | 'labels'> & {
    readonly concurrencyKey?: TextInput
    readonly rateKey?: TextInput
    readonly labels?: Readonly<Record<string, TextInput>>
  }
}

export interface WebhookInput extends Pick<WebhookStep, 'method' | 'secret' | 'callback'> {
  readonly url: TextInput
  readonly headers?: Readonly<Record<string, TextInput>>
  /** A function is given the one-time URL that `callback: true` waits for. */
  readonly body?: Fillable | ((callback: Ref<{ url: string }>) => Fillable)
}

export interface SubworkflowInput<Input> {
  readonly version?: number
  readonly input?: Filled<Input>
}

export interface CustomInput {
  readonly input?: Fillable
}

/** How a compensation is made; those of a step of the type, without what only has a place beside others. */
export interface UndoSteps {
  task<Input>(id: string, type: string | { readonly name: string }, options?: Alone & TaskInput<Input>): Undo
  webhook(id: string, options: Alone & WebhookInput): Undo
  subworkflow(id: string, workflow: string, options?: Alone & SubworkflowInput<unknown>): Undo
  custom(id: string, handler: string, options?: Alone & CustomInput): Undo
}

export interface ParallelOptions extends StepOptions, Pick<ParallelStep, 'join' | 'maxParallel'> {}

export interface LoopOptions extends StepOptions {
  /** Looked at before every iteration; a function is given its index and the output of the one before. */
  readonly while?:
    | ConditionInput
    | ((around: { readonly index: Ref<number>; readonly previous: Ref<unknown> }) => ConditionInput)
  readonly times?: number | Cel<unknown> | string
  readonly maxIterations?: number
}

export interface MapOptions<Element> extends StepOptions {
  readonly items: readonly Element[] | Cel<readonly Element[]> | Ref<readonly Element[]>
  readonly maxParallel?: number
  readonly tolerateFailures?: number
}

export type WaitOptions<Payload> = StepOptions<Payload> &
  (
    | { readonly duration: TextInput }
    | { readonly until: TextInput }
    | {
        readonly event: {
          readonly key: TextInput
          /** A function is given the event's payload. */
          readonly where?: ConditionInput | ((event: Ref<Payload>) => ConditionInput)
        }
        readonly onTimeout?: { readonly output: Fillable }
      }
  )

export interface ApprovalOptions extends StepOptions, Pick<ApprovalStep, 'need' | 'onRefusal'> {
  readonly message: TextInput
  readonly approvers: { readonly principals?: readonly TextInput[]; readonly role?: ApproverRole }
  readonly form?: JsonSchema | boolean
  readonly onTimeout?: { readonly approved: boolean; readonly form?: Fillable }
}

/** What an APPROVAL gives. */
export interface Approved<Form> {
  readonly approved: boolean
  readonly decisions: readonly {
    readonly by: string
    readonly approved: boolean
    readonly comment: string | null
    readonly form: Form
  }[]
  readonly form: Form
}

export interface Answered {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: unknown
}
