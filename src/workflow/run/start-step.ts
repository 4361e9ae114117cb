import { after } from '../../task/timing.ts'
import type { Step } from '../definition/definition.ts'
import type { Draft, OpenStep } from './draft.ts'
import { failStep, skipStep } from './end-step.ts'
import { asValue, type Evaluated, holds } from './evaluate.ts'
import { endsAtOnce } from './reopen.ts'
import type { StepRun } from './run-state.ts'
import { completeScope } from './scope.ts'
import { hasRoomAgain } from './steps/map.ts'
import { closeWithEnough, hasRoom } from './steps/parallel.ts'
import { ruleOf } from './steps/step-rules.ts'
import { placeOf } from './values.ts'
import { isWork } from './working.ts'

/**
 * What has its turn on the agenda goes on: it starts, is skipped, or begins its next iteration.
 *
 * @returns false when a limit leaves no room: nothing has changed
 */
export function goOn(draft: Draft, row: StepRun): boolean {
  if (!isRoomFor(draft, row)) return false
  const open = draft.edit(row.path)!
  open.turn = null
  if (row.status === 'RUNNING') {
    goOnWith(draft, open)
    return true
  }
  takeRoom(draft, open)
  if (row.isReopened) beginAgain(draft, open)
  else beginOrSkip(draft, open)
  return true
}

function goOnWith(draft: Draft, row: OpenStep): void {
  const { step } = draft.planned(row)
  if (step.type === 'LOOP') ruleOf('LOOP').goOn!(draft, row, step)
  else if (step.type === 'MAP') ruleOf('MAP').goOn!(draft, row, step)
}

function takeRoom(draft: Draft, row: OpenStep): void {
  const holder = draft.holderOf(row)
  if (holder?.type === 'PARALLEL' && row.status === 'PENDING' && holder.ending === null) holder.next += 1
}

function beginOrSkip(draft: Draft, row: OpenStep): void {
  if (!row.isChosen) {
    skipStep(draft, row, null)
    return
  }
  const guard = row.retryAt === null ? guardOf(draft, row) : asValue(true)
  if (guard.kind === 'ERROR') failStep(draft, row, guard.error)
  else if (guard.kind === 'VALUE' && guard.value) start(draft, row)
  else if (guard.kind === 'VALUE') skipStep(draft, row, null)
}

/** What it holds stands where it stood, and has its own turns. */
function beginAgain(draft: Draft, row: OpenStep): void {
  draft.move(row, 'RUNNING')
  row.isReopened = false
  row.startedAt ??= draft.now
  if (row.type !== 'ITERATION') row.timeoutAt = after(draft.now, draft.planned(row).timeoutMs)
  draft.say({ kind: 'StepStarted', ...draft.about(row) })
  if (!endsAtOnce(draft, row)) return
  if (row.type === 'PARALLEL') closeWithEnough(draft, row)
  else completeScope(draft, row, draft.planned(row).inner!)
}

function isRoomFor(draft: Draft, row: StepRun): boolean {
  if (row.isChosen && isWork(row.type) && draft.working >= draft.plan.maxParallelSteps) return false
  if (row.status !== 'PENDING' || draft.planned(row).isCompensation) return true
  if (draft.full.has(row.holder)) return false
  const isRoom = isRoomIn(draft, draft.get(row.holder), row)
  if (!isRoom) draft.full.add(row.holder)
  return isRoom
}

function isRoomIn(draft: Draft, holder: StepRun | undefined, row: StepRun): boolean {
  if (holder === undefined) return true
  const { step } = draft.planned(holder)
  if (step.type === 'PARALLEL') return hasRoom(holder, step)
  return row.type !== 'ITERATION' || step.type !== 'MAP' || hasRoomAgain(draft, holder)
}

function guardOf(draft: Draft, row: OpenStep): Evaluated<boolean> {
  const { step } = draft.planned(row)
  if (!('when' in step) || step.when === undefined) return asValue(true)
  return holds(draft, placeOf(draft, row), step.when)
}

function start(draft: Draft, row: OpenStep): void {
  const { step, timeoutMs, inner } = draft.planned(row)
  if (inner !== null && row.attempt > 0) draft.clear(row.path)
  draft.move(row, 'RUNNING')
  Object.assign(row, {
    attempt: row.attempt + 1,
    startedAt: row.startedAt ?? draft.now,
    timeoutAt: row.timeoutAt ?? after(draft.now, timeoutMs),
    retryAt: null,
    error: null,
    next: 0,
    ended: 0,
    completed: 0,
    failed: 0,
    undoneTo: null,
  })
  draft.say({ kind: 'StepStarted', ...draft.about(row) })
  startByType(draft, row, step as Step)
}

function startByType(draft: Draft, row: OpenStep, step: Step): void {
  // One rule for each type: the two always belong together.
  const rule = ruleOf(step.type) as { start(draft: Draft, row: OpenStep, step: Step): void }
  rule.start(draft, row, step)
}
