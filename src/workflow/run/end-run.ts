import type { JsonSchema, JsonValue } from '../../task/json.ts'
import { canonicalJson } from '../../task/json-text.ts'
import type { Draft } from './draft.ts'
import { type Evaluated, fill } from './evaluate.ts'
import type { RunStatus, StepError } from './run-state.ts'

/** All steps have ended well: the run completes, with its `result` or what its last steps gave. */
export function endRun(draft: Draft, outputOfSteps: Evaluated<JsonValue>): void {
  const { definition, root } = draft.plan
  const { result } = definition
  const output = result === undefined ? outputOfSteps : fill(draft, { path: '', scope: root }, result)
  if (output.kind === 'MISSING') return
  if (output.kind === 'ERROR') {
    failRun(draft, output.error)
    return
  }
  const error = misfit(draft, definition.output, output.value, 'output')
  if (error !== null) {
    failRun(draft, error)
    return
  }
  endAs(draft, 'COMPLETED', { output: output.value, error: null })
  draft.say({ kind: 'WorkflowRunCompleted' })
}

export function failRun(draft: Draft, error: StepError): void {
  endAs(draft, 'FAILED', { output: null, error })
  draft.say({ kind: 'WorkflowRunFailed', error })
}

export function cancelRun(draft: Draft, error: StepError | null): void {
  endAs(draft, 'CANCELLED', { output: null, error })
  draft.say({ kind: 'WorkflowRunCancelled', reason: error?.message ?? null })
}

/** What is wrong with a run's input or output by the definition's schema. */
export function misfit(
  draft: Draft,
  schema: JsonSchema | boolean | undefined,
  value: JsonValue,
  what: 'input' | 'output',
): StepError | null {
  if (schema === undefined || schema === true) return null
  const text = canonicalJson(schema === false ? { not: {} } : schema)
  const issues = draft.context.schemas.problems(text, value, [what])
  if (issues.length === 0) return null
  const message = issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')
  return { code: what === 'input' ? 'INPUT_INVALID' : 'OUTPUT_INVALID', message: `The run's ${message}.` }
}

function endAs(draft: Draft, status: RunStatus, end: { output: JsonValue; error: StepError | null }): void {
  const finished = { finishedAt: draft.now, ending: null, isPaused: false, timeoutAt: null, wakeAt: null }
  Object.assign(draft.run, { status, ...end, ...finished })
  draft.effects.push({ kind: 'endRun', status, ...end })
}
