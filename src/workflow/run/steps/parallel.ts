import { addStep } from '../add-step.ts'
import type { Draft, OpenStep } from '../draft.ts'
import { completeWith, failStep } from '../end-step.ts'
import type { StepError, StepRun } from '../run-state.ts'
import { outputsOf } from '../scope.ts'
import { close, failing } from '../stop.ts'
import type { StepOf, StepRule } from './step-rule.ts'

/**
 * A PARALLEL reaches all its steps at once. With ALL, the first failure ends it; else it ends when enough have succeeded, or when those that
 * are left are too few.
 */
export const parallelRule: StepRule<'PARALLEL'> = {
  start(draft, row, step) {
    row.total = step.steps.length
    if (isOutOfReach(row, step)) return failStep(draft, row, outOfReach(row, step))
    for (const planned of draft.planned(row).inner!.steps) addStep(draft, row.path, planned)
    if (step.steps.length === 0) completeParallel(draft, row)
  },

  childEnded(draft, row, child) {
    const step = draft.planned(row).step as StepOf<'PARALLEL'>
    row.ended += 1
    const { onFailure } = draft.planned(child)
    const hasFailed = child.status === 'FAILED' && onFailure !== 'CONTINUE'
    if (child.status === 'COMPLETED') row.completed += 1
    if (hasFailed) row.failed += 1
    if (wanted(step) === null) {
      if (hasFailed) return close(draft, row, failing(child.error!, onFailure === 'COMPENSATE'))
    } else if (hasEnough(row, step)) {
      return closeWithEnough(draft, row)
    } else if (isOutOfReach(row, step)) {
      return close(draft, row, failing(outOfReach(row, step, child), hasFailed && onFailure === 'COMPENSATE'))
    }
    if (row.ended === step.steps.length) completeParallel(draft, row)
  },
}

/** Whether the limit of a PARALLEL leaves room for one more of its steps; `next` counts those that had their turn. */
export function hasRoom({ next, ended }: StepRun, { maxParallel }: StepOf<'PARALLEL'>): boolean {
  return maxParallel === undefined || next - ended < maxParallel
}

/** Whether no more need succeed, however many are left. */
export function hasEnough({ completed }: StepRun, step: StepOf<'PARALLEL'>): boolean {
  const least = wanted(step)
  return least !== null && completed >= least
}

/** Completes it, once what is left has stopped. */
export function closeWithEnough(draft: Draft, row: OpenStep): void {
  close(draft, row, { status: 'COMPLETED', error: null, isFinal: true, compensates: false })
}

/** How many must succeed; null: all. */
function wanted({ join = 'ALL' }: StepOf<'PARALLEL'>): number | null {
  if (join === 'ALL') return null
  return join === 'ANY' ? 1 : join.atLeast
}

/** Whether too few are left. */
export function isOutOfReach(row: StepRun, step: StepOf<'PARALLEL'>): boolean {
  return row.completed + step.steps.length - row.ended < (wanted(step) ?? 0)
}

function outOfReach(row: OpenStep, step: StepOf<'PARALLEL'>, last?: StepRun): StepError {
  const why = last?.error ? `; last, ${last.stepId}: ${last.error.message}` : ''
  const message = `${wanted(step)} of ${step.steps.length} steps have to succeed; ${row.completed} did, and too few are left${why}`
  return { code: 'JOIN_OUT_OF_REACH', message }
}

function completeParallel(draft: Draft, row: OpenStep): void {
  completeWith(draft, row, outputsOf(draft, row, draft.planned(row).inner!.steps))
}
