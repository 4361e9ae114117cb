import type { JsonValue } from '../../../task/json.ts'
import type { RetryPolicy } from '../../../task/retry.ts'
import type { TaskOptions } from '../../definition/definition.ts'
import type { Draft, OpenStep } from '../draft.ts'
import { failStep } from '../end-step.ts'
import { all, asValue, type Evaluated, fill, fillText } from '../evaluate.ts'
import { policyPart, retryOf } from '../plan.ts'
import { placeOf } from '../values.ts'
import type { StepOf, StepRule } from './step-rule.ts'

/** A TASK is carried out by a task, whose attempts are the step's. */
export const taskRule: StepRule<'TASK'> = {
  start(draft, row, step) {
    const input = fill(draft, placeOf(draft, row), step.input ?? {})
    const options = fillOptions(draft, row, step)
    startTask(draft, row, { type: step.task, input, options, retry: policyPart(retryOf(step)) })
  },
}

interface TaskToStart {
  readonly type: string
  readonly input: Evaluated<JsonValue>
  readonly options?: Evaluated<TaskOptions>
  readonly retry?: Partial<RetryPolicy> | null
  /** Drawn before, where the input speaks of it. */
  readonly id?: string
  readonly hasCallback?: boolean
}

/** Makes the task of a step. One for which the input or the options cannot be evaluated fails. */
export function startTask(draft: Draft, row: OpenStep, task: TaskToStart): void {
  const { type, input, options = asValue({}), retry = null, hasCallback = false } = task
  const failed = [input, options].find(({ kind }) => kind === 'ERROR')
  if (failed?.kind === 'ERROR') {
    failStep(draft, row, failed.error)
    return
  }
  if (input.kind !== 'VALUE' || options.kind !== 'VALUE') return
  const id = task.id ?? draft.context.newId()
  row.awaitedId = id
  row.input = input.value
  draft.effects.push({
    kind: 'createTask',
    path: row.path,
    id,
    type,
    input: input.value,
    options: options.value,
    retry,
    hasCallback,
  })
}

function fillOptions(draft: Draft, row: OpenStep, { options = {} }: StepOf<'TASK'>): Evaluated<TaskOptions> {
  const keys = (['concurrencyKey', 'rateKey'] as const).filter((key) => options[key] !== undefined)
  const texts = all(keys.map((key) => fillText(draft, placeOf(draft, row), options[key]!)))
  if (texts.kind !== 'VALUE') return texts
  return asValue({ ...options, ...Object.fromEntries(keys.map((key, at) => [key, texts.value[at]])) })
}
