import type { Draft, Holder, OpenStep } from './draft.ts'
import { cancelStep } from './end-step.ts'
import { type Ending, hasEnded, type StepError } from './run-state.ts'
import { isWorking } from './working.ts'

const CANCELLED: Ending = { status: 'CANCELLED', error: null, isFinal: true, compensates: false }

export function failing(error: StepError, compensates = false): Ending {
  return { status: 'FAILED', error, isFinal: false, compensates }
}

/**
 * Begins to end what holds steps: all that is open in it is cancelled, and once that has really stopped it ends as said, see `settle`.
 * What is ending already ends as was first said.
 */
export function close(draft: Draft, holder: Holder, ending: Ending): void {
  if (holder.ending === null) closeAnew(draft, holder, ending)
}

/** The same, whatever was said before. */
export function closeAnew(draft: Draft, holder: Holder, ending: Ending): void {
  if (hasEnded(holder)) return
  holder.ending = ending
  for (const path of draft.openIn(holder)) cancel(draft, draft.edit(path)!)
  draft.emptyQueue(holder)
  draft.closing.push(holder)
}

/**
 * Cancels an open step. What works outside ends when its end has come; what undoes what it did goes on doing so, unless the whole run is
 * cancelled or out of time.
 */
export function cancel(draft: Draft, row: OpenStep): void {
  if (row.status === 'PENDING' && !row.isReopened) draft.remove(row)
  else if (row.status === 'WAITING') {
    withdraw(draft, row)
    cancelStep(draft, row)
  } else if (isWorking(row)) stopWork(draft, row, CANCELLED)
  else if (row.ending?.compensates && !draft.run.ending?.isFinal) row.ending = { ...row.ending, isFinal: true }
  else closeAnew(draft, row, CANCELLED)
}

/** Has a task or child run stopped; the step ends as said, unless that succeeds before it stops. */
export function stopWork(draft: Draft, row: OpenStep, ending: Ending): void {
  if (row.ending === null) {
    draft.effects.push({
      kind: row.type === 'SUBWORKFLOW' ? 'cancelChild' : 'cancelTask',
      path: row.path,
      id: row.awaitedId!,
    })
  }
  row.ending = ending
}

/** Takes back what a waiting step has asked for outside. */
export function withdraw(draft: Draft, row: OpenStep): void {
  if (row.awaitedId === null) return
  const kind = row.type === 'APPROVAL' ? 'withdrawApproval' : 'closeWait'
  draft.effects.push({ kind, path: row.path, id: row.awaitedId })
  row.awaitedId = null
}
