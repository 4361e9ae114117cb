import { after } from '../../task/timing.ts'
import type { Draft } from './draft.ts'
import { failRun, inputError } from './end-run.ts'
import type { PlannedStep } from './plan.ts'
import { type Fate, type Reopening, reopenScope } from './reopen.ts'
import type { StepRun } from './run-state.ts'
import { completeScope } from './scope.ts'

/**
 * A run that failed or was cancelled goes on from there: what failed or was stopped runs again, in the containers around it; what completed,
 * or failed in a way its rule allowed, is kept. A scope that was compensated begins afresh.
 */
export function retryRun(draft: Draft): void {
  const rows = draft.unsettled()
  const error = inputError(draft)
  if (rows === undefined || error === undefined) return
  const { run, plan, now } = draft
  const attempt = run.attempt + 1
  const timeoutAt = after(now, plan.timeoutMs)
  Object.assign(run, { status: 'RUNNING', attempt, error: null, finishedAt: null, timeoutAt })
  const reopening: Reopening = {
    draft,
    rows: new Map(rows.map((row) => [row.path, row])),
    isNewRun: false,
    fateOf: (row) => fateAfterFailure(row, draft.planned(row)),
    reopened: [],
    again: [],
  }
  if (error === null) reopenScope(reopening, run, plan.root)
  draft.say({ kind: 'WorkflowRunRetried', attempt, reopened: reopening.reopened, again: reopening.again })
  if (error !== null) failRun(draft, error)
  else if (!draft.hasOpen(run)) completeScope(draft, run, plan.root)
}

export function fateAfterFailure(row: StepRun, { onFailure, inner }: PlannedStep): Fate {
  if (row.status === 'COMPLETED' || row.status === 'SKIPPED') return 'KEEP'
  if (row.type === 'ITERATION') return 'REOPEN'
  if (row.status === 'FAILED' && onFailure === 'CONTINUE') return 'KEEP'
  return inner === null ? 'AGAIN' : 'REOPEN'
}
