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
  const error = outputError(draft, output.value)
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

/** What is wrong with the run's input by the definition's schema; undefined: it has to be read first. */
export function inputError(draft: Draft): StepError | null | undefined {
  const schema = draft.plan.definition.input
  if (schema === undefined || schema === true) return null
  const input = draft.input()
  return input === undefined ? undefined : misfit(draft, schema, { code: 'INPUT_INVALID', name: 'input', value: input })
}

function outputError(draft: Draft, value: JsonValue): StepError | null {
  const schema = draft.plan.definition.output
  if (schema === undefined || schema === true) return null
  return misfit(draft, schema, { code: 'OUTPUT_INVALID', name: 'output', value })
}

function misfit(
  draft: Draft,
  schema: JsonSchema | false,
  { code, name, value }: { code: string; name: string; value: JsonValue },
): StepError | null {
  const text = canonicalJson(schema === false ? { not: {} } : schema)
  const issues = draft.context.schemas.problems(text, value, [name])
  if (issues.length === 0) return null
  return { code, message: `The run's ${issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}.` }
}

function endAs(draft: Draft, status: RunStatus, end: { output: JsonValue; error: StepError | null }): void {
  const finished = { finishedAt: draft.now, ending: null, isPaused: false, timeoutAt: null, wakeAt: null }
  Object.assign(draft.run, { status, ...end, ...finished })
  draft.effects.push({ kind: 'endRun', status, ...end })
}
