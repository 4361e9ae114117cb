import type { JsonValue } from '../../task/json.ts'
import { retryDelayMs } from '../../task/retry.ts'
import { after, isDue } from '../../task/timing.ts'
import type { Draft, OpenStep } from './draft.ts'
import type { Evaluated } from './evaluate.ts'
import type { StepError } from './run-state.ts'

/** What never gets better by itself. */
const FINAL_CODES: readonly string[] = [
  'EXPRESSION',
  'STEP_TIMEOUT',
  'TASK_CANCELLED',
  'VALUE_TOO_LARGE',
  'VALUE_NOT_STORABLE',
]

export function completeStep(draft: Draft, row: OpenStep, output: JsonValue): void {
  row.output = output
  if (row.type !== 'ITERATION' && draft.planned(row).compensation !== null) {
    draft.run.completions += 1
    row.completion = draft.run.completions
  }
  endAs(draft, row, 'COMPLETED', null)
  draft.say({ kind: 'StepCompleted', ...draft.about(row) })
}

/** Completes a step with what was evaluated, or fails it. */
export function completeWith(draft: Draft, row: OpenStep, output: Evaluated<JsonValue>): void {
  if (output.kind === 'VALUE') completeStep(draft, row, output.value)
  else if (output.kind === 'ERROR') failStep(draft, row, output.error)
}

/** A step has failed: it is tried again, or its on-failure rule decides. */
export function failStep(draft: Draft, row: OpenStep, error: StepError): void {
  const retryAt = FINAL_CODES.includes(error.code) ? null : nextRetry(draft, row, error)
  if (retryAt === null) failFinally(draft, row, error)
  else retryLater(draft, row, error, retryAt)
}

/** A step has failed, and no retry follows. */
export function failFinally(draft: Draft, row: OpenStep, error: StepError): void {
  if (row.type !== 'ITERATION' && draft.planned(row).onFailure === 'SKIP') {
    skipStep(draft, row, error)
    return
  }
  endAs(draft, row, 'FAILED', error)
  draft.say({ kind: 'StepFailed', ...draft.about(row), error })
}

export function skipStep(draft: Draft, row: OpenStep, error: StepError | null): void {
  endAs(draft, row, 'SKIPPED', error)
  draft.say({ kind: 'StepSkipped', ...draft.about(row), error })
}

export function cancelStep(draft: Draft, row: OpenStep): void {
  endAs(draft, row, 'CANCELLED', null)
  draft.say({ kind: 'StepCancelled', ...draft.about(row) })
}

function endAs(draft: Draft, row: OpenStep, status: OpenStep['status'], error: StepError | null): void {
  draft.move(row, status)
  Object.assign(row, {
    error,
    ending: null,
    awaitedId: null,
    waitKey: null,
    waitUntil: null,
    retryAt: null,
    timeoutAt: null,
    finishedAt: draft.now,
  })
  draft.end(row)
}

function nextRetry(draft: Draft, row: OpenStep, error: StepError): Date | null {
  if (row.type === 'ITERATION') return null
  const { retry } = draft.planned(row)
  if (retry === null || retry.nonRetryableCodes.includes(error.code)) return null
  const delayMs = retryDelayMs(retry, row.failures + 1, draft.context.random())
  return delayMs === null ? null : after(draft.now, delayMs)
}

function retryLater(draft: Draft, row: OpenStep, error: StepError, retryAt: Date): void {
  draft.move(row, 'WAITING')
  Object.assign(row, {
    failures: row.failures + 1,
    error,
    ending: null,
    awaitedId: null,
    waitKey: null,
    waitUntil: null,
    retryAt,
  })
  draft.say({ kind: 'StepRetrying', ...draft.about(row), error, retryAt: retryAt.toISOString() })
  if (isDue(retryAt, draft.now)) draft.agenda.add(row.path, draft.planned(row).order)
}
