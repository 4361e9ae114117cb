import { earliest, isDue } from '../../task/timing.ts'
import type { Draft, OpenStep } from './draft.ts'
import { completeStep, failFinally } from './end-step.ts'
import { hasEnded, type StepRun } from './run-state.ts'
import { stepTimeout } from './step-timeout.ts'
import { ruleOf } from './steps/step-rules.ts'
import { close, closeAnew, failing, stopWork, withdraw } from './stop.ts'
import { isWorking } from './working.ts'

/** Does what the time has come for: time-outs, and ends of waits. Retries that are due are on the agenda. */
export function doDue(draft: Draft): void {
  const { run, now } = draft
  if (isDue(run.timeoutAt, now)) timeOutRun(draft)
  for (const path of dueSteps(draft)) {
    const row = draft.edit(path)
    // An earlier one may have ended it.
    if (row === undefined || hasEnded(row) || row.ending !== null) continue
    if (isDue(row.timeoutAt, now)) timeOutStep(draft, row)
    else completeStep(draft, row, null)
  }
}

/** When the clock next moves a run; what is due already waits for something else. */
export function nextWake(draft: Draft): Date | null {
  const { run, now } = draft
  let next = run.ending === null || run.ending.compensates ? run.timeoutAt : null
  for (const row of draft.open()) {
    for (const time of timesOf(row, run.isPaused)) if (!isDue(time, now)) next = earliest(next, time)
  }
  return next
}

function dueSteps(draft: Draft): string[] {
  const due: string[] = []
  for (const { path, timeoutAt, waitUntil } of draft.open()) {
    if (isDue(timeoutAt, draft.now) || isDue(waitUntil, draft.now)) due.push(path)
  }
  return due
}

function timesOf({ ending, timeoutAt, waitUntil, retryAt }: StepRun, isPaused: boolean): (Date | null)[] {
  if (ending !== null) return []
  return [timeoutAt, waitUntil, isPaused ? null : retryAt]
}

/** A run that is undoing what it did is not spared; one that is ending otherwise ends as it was going to. */
function timeOutRun(draft: Draft): void {
  const { run, plan } = draft
  const isEnding = run.ending !== null && !run.ending.compensates
  run.timeoutAt = null
  if (isEnding) return
  const message = `It had not ended after ${plan.definition.limits?.timeout}, its time-out.`
  closeAnew(draft, run, { ...failing({ code: 'RUN_TIMEOUT', message }), isFinal: true })
}

function timeOutStep(draft: Draft, row: OpenStep): void {
  const { step } = draft.planned(row)
  if (row.status === 'WAITING' && row.retryAt === null && (step.type === 'WAIT' || step.type === 'APPROVAL')) {
    if (step.type === 'WAIT') ruleOf('WAIT').timedOut!(draft, row, step)
    else ruleOf('APPROVAL').timedOut!(draft, row, step)
    return
  }
  const error = stepTimeout(draft, row)
  if (row.status === 'WAITING') {
    withdraw(draft, row)
    failFinally(draft, row, error)
  } else if (isWorking(row)) stopWork(draft, row, { ...failing(error), isFinal: true })
  else close(draft, row, { ...failing(error), isFinal: true })
}
