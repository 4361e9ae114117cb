import { undoLatest } from './compensate.ts'
import type { Draft, Holder } from './draft.ts'
import { cancelRun, failRun } from './end-run.ts'
import { cancelStep, completeWith, failFinally, failStep } from './end-step.ts'
import { hasEnded } from './run-state.ts'
import { outputsOf } from './scope.ts'

/** Ends what was on its way to an end, once nothing in it is open and what was completed in it is undone, where it has to be. */
export function settle(draft: Draft, holder: Holder): void {
  const { ending } = holder
  if (ending === null || hasEnded(holder) || draft.hasOpen(holder)) return
  if (ending.compensates && undoLatest(draft, holder) !== 'NONE') return
  if (holder.type === 'RUN') {
    if (ending.status === 'CANCELLED') cancelRun(draft, ending.error)
    else failRun(draft, ending.error!)
    return
  }
  switch (ending.status) {
    case 'COMPLETED':
      completeWith(draft, holder, outputsOf(draft, holder, draft.planned(holder).inner!.steps))
      return
    case 'FAILED':
      if (ending.isFinal) failFinally(draft, holder, ending.error!)
      else failStep(draft, holder, ending.error!)
      return
    case 'CANCELLED':
      cancelStep(draft, holder)
      return
  }
}
