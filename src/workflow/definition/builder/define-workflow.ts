import type { JsonSchema, JsonValue } from '../../../task/json.ts'
import type { WorkflowDefinition, WorkflowLimits } from '../definition.ts'
import { type AnyRef, type Fillable, filledIn, type Ref, refTo } from './ref.ts'
import { buildScope } from './scope-builder.ts'
import type { TextInput } from './step-options.ts'
import type { Steps, TypedWorkflow } from './steps.ts'

/** A workflow beside its steps. */
export interface WorkflowOptions<Context> {
  readonly name: string
  readonly description?: string
  /** JSON Schema of a run's input; it vouches for the type. */
  readonly input?: JsonSchema | boolean
  readonly output?: JsonSchema | boolean
  /** What is the same in every run. */
  readonly context?: Context
  readonly limits?: Omit<WorkflowLimits, 'concurrency'> & {
    readonly concurrency?: Omit<NonNullable<WorkflowLimits['concurrency']>, 'key'> & {
      readonly key?: TextInput | ((input: AnyRef) => TextInput)
    }
  }
}

/** What steps may refer to from anywhere. */
export interface Around<Input, Context> {
  readonly steps: Steps
  readonly input: Ref<Input>
  readonly context: Ref<Context>
  readonly run: Ref<{ id: string; startedAt: string; attempt: number; workflow: string; version: number }>
}

/**
 * A workflow as data, built in code: what a JSON or YAML file of the same steps holds.
 *
 * Steps are made in the order they are written; each comes after those whose results it uses, and after those named in `after`. What the
 * function returns is the run's output.
 *
 * @example
 * export const review = defineWorkflow<{ path: string }>({ name: 'review' }, ({ steps, input }) => {
 *   const analysis = steps.task<{ issues: string[] }>('analyse', 'code_analysis', { input: { path: input.path } })
 *   steps.approval('ask', {
 *     message: `Is ${input.path} good enough?`,
 *     approvers: { role: 'DEVELOPER' },
 *     when: cel`size(${analysis.output.issues}) > 0`,
 *   })
 *   return { issues: analysis.output.issues }
 * })
 */
export function defineWorkflow<
  Input = JsonValue,
  Output = unknown,
  const Context extends { readonly [name: string]: JsonValue } = { readonly [name: string]: JsonValue },
>(
  { limits, ...options }: WorkflowOptions<Context>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement will do
  build: (around: Around<Input, Context>) => Fillable | void,
): WorkflowDefinition & TypedWorkflow<Input, Output> {
  let result: Fillable | undefined
  const steps = buildScope(null, (made) => {
    const [input, context, run] = ['input', 'context', 'run'].map(refTo)
    const around = { steps: made, input, context, run } as unknown as Around<Input, Context>
    result = build(around) as Fillable | undefined
  })
  return {
    ...options,
    ...(limits !== undefined && { limits: limitsOf(limits) }),
    steps,
    ...(result !== undefined && { result: filledIn(result) }),
  }
}

function limitsOf({ concurrency, ...limits }: NonNullable<WorkflowOptions<never>['limits']>): WorkflowLimits {
  if (concurrency === undefined) return limits
  const { key, ...rest } = concurrency
  const text = typeof key === 'function' ? key(refTo('input')) : key
  return { ...limits, concurrency: { ...rest, ...(text !== undefined && { key: String(text) }) } }
}
