import type { JsonValue } from '../../../task/json.ts'
import type { Draft, OpenStep } from '../draft.ts'
import { completeStep } from '../end-step.ts'
import { fill } from '../evaluate.ts'
import { policyPart, retryOf } from '../plan.ts'
import { withdraw } from '../stop.ts'
import { WEBHOOK_TASK_TYPE } from '../task-of-step.ts'
import { placeOf } from '../values.ts'
import type { StepOf, StepRule } from './step-rule.ts'
import { startTask } from './task.ts'

/** A WEBHOOK is carried out by a task that sends the request; with a call-back it then waits, without one working for it. */
export const webhookRule: StepRule<'WEBHOOK'> = {
  start(draft, row, step) {
    const id = draft.context.newId()
    const hasCallback = step.callback === true
    const extra = hasCallback ? { callback: { url: draft.context.callbackUrl(id) } } : undefined
    const { url, method = 'POST', headers = {}, body, secret } = step
    const request = { url, method, headers, ...(body === undefined ? {} : { body }), ...(secret ? { secret } : {}) }
    row.isCalledBack = false
    const input = fill(draft, placeOf(draft, row), request, extra)
    startTask(draft, row, { type: WEBHOOK_TASK_TYPE, input, id, retry: policyPart(retryOf(step)), hasCallback })
  },
}

/** The request was answered, and its URL was not called yet. */
export function requestEnded(draft: Draft, row: OpenStep, step: StepOf<'WEBHOOK'>, response: JsonValue): void {
  if (step.callback !== true) {
    completeStep(draft, row, response)
    return
  }
  draft.move(row, 'WAITING')
  draft.say({ kind: 'WaitStarted', ...draft.about(row), until: null, eventKey: null })
}

/** The URL was called, perhaps before the request itself was answered; only the first call counts. */
export function calledBack(draft: Draft, row: OpenStep, body: JsonValue): void {
  if (row.isCalledBack) return
  if (row.status === 'WAITING') {
    withdraw(draft, row)
    completeStep(draft, row, body)
    return
  }
  row.isCalledBack = true
  row.output = body
}

/** The request has ended, in whichever way, after its URL was called: that was the answer, so the request had come through. */
export function completeCalledBack(draft: Draft, row: OpenStep): void {
  if (row.output !== undefined) {
    completeStep(draft, row, row.output)
    return
  }
  const stored = draft.read(row.path)
  if (stored !== undefined) completeStep(draft, row, stored?.output ?? null)
}
