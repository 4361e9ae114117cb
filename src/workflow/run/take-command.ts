import { after } from '../../task/timing.ts'
import type { End, RunCommand } from './command.ts'
import type { Draft, OpenStep } from './draft.ts'
import { failRun, inputError } from './end-run.ts'
import { cancelStep, completeStep, failFinally, failStep } from './end-step.ts'

import { retryRun } from './retry-run.ts'
import { hasEnded } from './run-state.ts'
import { openScope } from './scope.ts'
import { decided } from './steps/approval.ts'
import { eventCame } from './steps/wait.ts'
import { calledBack, completeCalledBack, requestEnded } from './steps/webhook.ts'
import { closeAnew } from './stop.ts'

/** Takes in what happened or is asked. What comes twice, too late, or for what is not there changes nothing. */
export function takeCommand(draft: Draft, command: RunCommand): void {
  const { run } = draft
  switch (command.kind) {
    case 'start':
      if (run.status === 'PENDING') startRun(draft)
      return
    case 'cancel':
      if (hasEnded(run) || run.ending?.status === 'CANCELLED') return
      closeAnew(draft, run, {
        status: 'CANCELLED',
        error: command.reason === null ? null : { code: 'CANCELLED', message: command.reason },
        isFinal: true,
        compensates: false,
      })
      return
    case 'pause':
      if (hasEnded(run) || run.status === 'PENDING' || run.isPaused) return
      run.isPaused = true
      draft.say({ kind: 'WorkflowRunPaused' })
      return
    case 'resume':
      if (!run.isPaused) return
      run.isPaused = false
      draft.say({ kind: 'WorkflowRunResumed' })
      return
    case 'retry':
      if (run.status === 'FAILED' || run.status === 'CANCELLED') retryRun(draft)
      return
    case 'end':
    case 'event':
    case 'callback':
    case 'decide': {
      const awaited = draft.get(command.path)
      if (awaited?.awaitedId === command.id) answer(draft, draft.edit(command.path)!, command)
    }
  }
}

function startRun(draft: Draft): void {
  const { run, plan, now } = draft
  const error = inputError(draft)
  if (error === undefined) return
  Object.assign(run, { status: 'RUNNING', startedAt: now, timeoutAt: after(now, plan.timeoutMs) })
  draft.say({ kind: 'WorkflowRunStarted' })
  if (error !== null) failRun(draft, error)
  // A forked run begins where it was put.
  else if (!draft.hasOpen(run)) openScope(draft, run, plan.root)
}

type Answer = Extract<RunCommand, { id: string }>

function answer(draft: Draft, row: OpenStep, command: Answer): void {
  const { step } = draft.planned(row)
  switch (command.kind) {
    case 'end':
      if (row.status === 'RUNNING') takeEnd(draft, row, command.end)
      return
    case 'event':
      if (step.type === 'WAIT') eventCame(draft, row, step, command.event)
      return
    case 'callback':
      if (step.type === 'WEBHOOK' && step.callback) calledBack(draft, row, command.body)
      return
    case 'decide':
      if (step.type === 'APPROVAL') decided(draft, row, step, command.decision)
      return
  }
}

/** A task or child run has ended. Its success counts also where it was to be stopped: it did what it did, and may have to be undone. */
function takeEnd(draft: Draft, row: OpenStep, end: End): void {
  const { step } = draft.planned(row)
  const { ending } = row
  const awaitsCall = step.type === 'WEBHOOK' && step.callback === true
  if (ending !== null && (end.status !== 'COMPLETED' || awaitsCall)) {
    if (ending.status === 'FAILED') failFinally(draft, row, ending.error!)
    else cancelStep(draft, row)
  } else if (awaitsCall && row.isCalledBack) completeCalledBack(draft, row)
  else if (end.status === 'COMPLETED') {
    if (step.type === 'WEBHOOK') requestEnded(draft, row, step, end.output)
    else completeStep(draft, row, end.output)
  } else if (end.status === 'FAILED') failStep(draft, row, end.error)
  else failStep(draft, row, { code: 'TASK_CANCELLED', message: 'It was cancelled outside, and not by this run.' })
}
