import type { TypedTaskType } from '../../../task/typed-task-type.ts'
import type { Cel, Filled, Ref } from './ref.ts'
import type {
  Answered,
  ApprovalOptions,
  Approved,
  ConditionInput,
  CustomInput,
  LoopOptions,
  MapOptions,
  ParallelOptions,
  StepOptions,
  StepRef,
  SubworkflowInput,
  TaskInput,
  WaitOptions,
  WebhookInput,
} from './step-options.ts'

/** Makes steps, each beside those that were made with the same one. */
export interface Steps {
  /** Makes a task, of a type by its name, or of one from `defineTaskType`, whose input and output are typed then. */
  task<Input, Output>(
    id: string,
    type: TypedTaskType<Input, Output>,
    ...options: TaskArguments<Input, Output>
  ): StepRef<Output>
  task<Output = unknown>(id: string, type: string, options?: StepOptions<Output> & TaskInput<unknown>): StepRef<Output>
  /** Makes the steps of one branch or the other run. They stand beside it: later steps can come after them. */
  condition<Yes = void, No = void>(
    id: string,
    question: ConditionInput,
    branches: StepOptions<boolean> & {
      readonly then?: (steps: Steps) => Yes
      readonly else?: (steps: Steps) => No
    },
  ): StepRef<boolean> & { readonly then: Yes; readonly else: No }
  /** Runs steps together. */
  parallel<Output = { readonly [id: string]: unknown }>(
    id: string,
    options: ParallelOptions,
    within: (steps: Steps) => unknown,
  ): StepRef<Output>
  /** Runs steps one after the other. */
  sequential<Output = unknown>(id: string, options: StepOptions, within: (steps: Steps) => unknown): StepRef<Output>
  /** Repeats steps; what the function returns as `until` is looked at after each iteration. */
  loop<Output = unknown>(
    id: string,
    options: LoopOptions,
    within: (iteration: {
      readonly steps: Steps
      readonly index: Ref<number>
      readonly previous: Ref<Output>
      // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement will do
    }) => { readonly until?: ConditionInput } | void,
  ): StepRef<Output>
  /** Runs steps once per element. */
  map<Element, Output = unknown>(
    id: string,
    options: MapOptions<Element>,
    within: (iteration: { readonly steps: Steps; readonly item: Ref<Element>; readonly index: Ref<number> }) => unknown,
  ): StepRef<readonly Output[]>
  /** Waits for a duration, a time or an event. */
  wait<Payload = unknown>(id: string, options: WaitOptions<Payload>): StepRef<Payload>
  /** Asks people. */
  approval<Form = unknown>(id: string, options: ApprovalOptions): StepRef<Approved<Form>>
  /** Sends a request. */
  webhook<Output = Answered>(id: string, options: StepOptions<Output> & WebhookInput): StepRef<Output>
  /** Starts a run of another workflow, by its name, or one from `defineWorkflow`, whose input and output are typed then. */
  subworkflow<Input, Output>(
    id: string,
    workflow: TypedWorkflow<Input, Output>,
    ...options: SubworkflowArguments<Input, Output>
  ): StepRef<Output>
  subworkflow<Output = unknown>(
    id: string,
    workflow: string,
    options?: StepOptions<Output> & SubworkflowInput<unknown>,
  ): StepRef<Output>
  /** Calls a step handler of an integration. */
  custom<Output = unknown>(id: string, handler: string, options?: StepOptions<Output> & CustomInput): StepRef<Output>
}

declare const TYPES: unique symbol

/** A workflow by its name, with the types of its input and output, which are there for the compiler alone. */
export interface TypedWorkflow<Input, Output> {
  readonly name: string
  readonly [TYPES]?: { readonly input: Input; readonly output: Output }
}

/** An input that says nothing can be left out. */
type TaskArguments<Input, Output> = undefined extends Input
  ? [options?: StepOptions<Output> & TaskInput<Input>]
  : [options: StepOptions<Output> & Omit<TaskInput<Input>, 'input'> & { readonly input: Filled<Input> | Cel<Input> }]

type SubworkflowArguments<Input, Output> = undefined extends Input
  ? [options?: StepOptions<Output> & SubworkflowInput<Input>]
  : [
      options: StepOptions<Output> &
        Omit<SubworkflowInput<Input>, 'input'> & { readonly input: Filled<Input> | Cel<Input> },
    ]
