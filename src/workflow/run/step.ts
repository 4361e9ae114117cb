import { isDue } from '../../task/timing.ts'
import type { RunCommand } from './command.ts'
import { doDue, nextWake } from './do-due.ts'
import { type Changes, Draft, type Holder, type StepContext } from './draft.ts'
import type { Effect } from './effect.ts'
import type { Needs } from './known.ts'
import type { Plan } from './plan.ts'
import type { RunEvent } from './run-event.ts'
import { hasEnded, type RunRow, type RunState, type RunStatus, type StepRun } from './run-state.ts'
import { stepEnded } from './scope.ts'
import { settle } from './settle.ts'
import { goOn } from './start-step.ts'
import { hasNext } from './steps/map.ts'
import { ruleOf } from './steps/step-rules.ts'
import { takeCommand } from './take-command.ts'

/** Steps of a run that go on in one call; a loop of steps that end at once may have no end of them. */
const MAX_TURNS = 1_000

export type StepOutcome =
  /** Nothing is decided: the call is made again, with what it needs. */
  | { readonly kind: 'needs'; readonly needs: Needs }
  | {
      readonly kind: 'stepped'
      readonly run: RunRow
      readonly changes: Changes
      readonly effects: readonly Effect[]
      readonly events: readonly RunEvent[]
      /** Whether more can be done at once: call again, without commands. */
      readonly hasMore: boolean
    }

export interface StepCall {
  readonly commands: readonly RunCommand[]
  readonly now: Date
  readonly context: StepContext
}

/**
 * What becomes of a run: the whole stepping of workflows, without I/O.
 *
 * It takes in the commands, does what is due, and then starts all that may start. What may go on is seen from the rows alone, so that nothing
 * is lost between two calls, and any call, also one without commands, finds it.
 *
 * @returns what to write, do and announce, all in one transaction; the next state is the rows then written that have not ended
 */
export function step(plan: Plan, state: RunState, { commands, now, context }: StepCall): StepOutcome {
  const draft = new Draft(plan, state, { now, context })
  for (const command of commands) {
    takeCommand(draft, command)
    tellHolders(draft)
  }
  if (isUnderWay(draft)) {
    doDue(draft)
    tellHolders(draft)
  }
  const isCutOff = isUnderWay(draft) && !draft.run.isPaused && startAll(draft)
  const needs = draft.needs()
  if (needs !== null) return { kind: 'needs', needs }
  const hasMore = isCutOff && isUnderWay(draft)
  draft.run.status = statusOf(draft)
  // Should the process die before the next call, the clock brings it.
  draft.run.wakeAt = hasMore ? now : isUnderWay(draft) ? nextWake(draft) : null
  const { run, events } = draft
  return { kind: 'stepped', run, changes: draft.changes(), effects: draft.effectsLeft(), events, hasMore }
}

function isUnderWay({ run }: Draft): boolean {
  return run.status !== 'PENDING' && !hasEnded(run)
}

/** Tells the ends of steps to what holds them, up to the run. */
function tellHolders(draft: Draft): void {
  for (;;) {
    const child = draft.ended.shift()
    if (child !== undefined) {
      const holder = draft.holderOf(child)
      if (holder !== undefined && !hasEnded(holder)) tell(draft, holder, child)
      continue
    }
    const closing = draft.closing.shift()
    if (closing === undefined) return
    settle(draft, closing)
  }
}

function tell(draft: Draft, holder: Holder, child: StepRun): void {
  if (holder.ending !== null) {
    settle(draft, holder)
    return
  }
  switch (holder.type) {
    case 'PARALLEL':
    case 'LOOP':
    case 'MAP':
      ruleOf(holder.type).childEnded!(draft, holder, child)
      return
    default:
      stepEnded(draft, holder, child)
      return
  }
}

/** @returns whether turns are left for another call */
function startAll(draft: Draft): boolean {
  let left = MAX_TURNS
  for (let before = left + 1; left < before && left > 0; ) {
    before = left
    // What had no room may have some once others have had their turns.
    for (const row of draft.open()) if (mayGoOn(draft, row)) draft.agenda.add(row.path, draft.planned(row).order)
    left -= takeTurns(draft, left)
  }
  return left === 0
}

/** @returns how many were taken, at most `most` */
function takeTurns(draft: Draft, most: number): number {
  for (let turns = 0; turns < most; ) {
    const path = draft.agenda.take()
    if (path === undefined) return turns
    const row = draft.get(path)
    if (row === undefined || !mayGoOn(draft, row) || !goOn(draft, row)) continue
    tellHolders(draft)
    turns += 1
    // What is behind it in its queue has its turn before all that comes later.
    if (draft.queues.left(row)) return most
  }
  return most
}

/** Seen from its row alone: it waits for nothing but its turn. */
function mayGoOn(draft: Draft, row: StepRun): boolean {
  switch (row.status) {
    case 'PENDING':
      return row.waitingOn === 0 && !isHeldBack(draft, row)
    case 'WAITING':
      return isDue(row.retryAt, draft.now)
    case 'RUNNING':
      if (row.ending !== null) return false
      return row.type === 'MAP' ? hasNext(draft, row) : row.type === 'LOOP' && !draft.hasOpen(row)
    default:
      return false
  }
}

/** Whether it stands in an iteration that was reopened and waits for room. */
function isHeldBack(draft: Draft, row: StepRun): boolean {
  for (let { holder } = row; holder !== ''; ) {
    const above = draft.get(holder)
    if (above === undefined) return false
    if (above.status === 'PENDING') return true
    holder = above.holder
  }
  return false
}

function statusOf(draft: Draft): RunStatus {
  const { run } = draft
  if (!isUnderWay(draft)) return run.status
  if (run.isPaused) return 'PAUSED'
  return draft.working > 0 ? 'RUNNING' : 'WAITING'
}
