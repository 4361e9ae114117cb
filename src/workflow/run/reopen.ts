import { after } from '../../task/timing.ts'
import { newRow } from './add-step.ts'
import type { Draft, Holder, OpenStep } from './draft.ts'
import { iterationPath, stepPath } from './path.ts'
import type { PlannedScope, PlannedStep } from './plan.ts'
import type { StepPath, StepRun } from './run-state.ts'
import { leadsOn, openScope } from './scope.ts'
import { hasEnough, isOutOfReach } from './steps/parallel.ts'
import type { StepOf } from './steps/step-rule.ts'

/** What becomes of a step run that has ended, when its run goes on: it is kept, goes on with what it holds, or runs again. */
export type Fate = 'KEEP' | 'REOPEN' | 'AGAIN'

/** What is to be reopened, and what was found out about it. */
export interface Reopening {
  readonly draft: Draft
  /** Ended rows by path, with the outputs of CONDITION steps; at least all whose fate is not KEEP, and those beside them. */
  readonly rows: ReadonlyMap<StepPath, StepRun>
  readonly fateOf: (row: StepRun) => Fate
  /** Whether what goes on waits for the run to start. */
  readonly isNewRun: boolean
  /** Holders that go on. */
  readonly reopened: { readonly path: StepPath; readonly status: 'RUNNING' | 'PENDING' }[]
  /** What runs again, with all below it. */
  readonly again: StepPath[]
}

/** A run, SEQUENTIAL or iteration goes on: its kept steps count as ended, and the others come to stand where these left them. */
export function reopenScope(reopening: Reopening, holder: Holder, scope: PlannedScope): void {
  if (holder.undoneTo !== null) {
    beginAfresh(reopening, holder, scope)
    return
  }
  const kept = new Map<PlannedStep, StepRun>()
  for (const planned of scope.steps) {
    const row = reopening.rows.get(stepPath(holder.path, planned.id))
    if (row !== undefined && reopening.fateOf(row) === 'KEEP') kept.set(planned, row)
  }
  holder.ended = kept.size
  for (const planned of scope.steps) if (!kept.has(planned)) placeStep(reopening, holder, { planned, kept })
}

function placeStep(
  reopening: Reopening,
  holder: Holder,
  { planned, kept }: { planned: PlannedStep; kept: ReadonlyMap<PlannedStep, StepRun> },
): void {
  const { draft, rows } = reopening
  const path = stepPath(holder.path, planned.id)
  const row = rows.get(path)
  if (row !== undefined && reopening.fateOf(row) === 'REOPEN' && reopenContainer(reopening, row)) return
  const ended = planned.before.filter(({ from }) => kept.has(from))
  if (row === undefined && ended.length === 0 && planned.before.length > 0) return
  if (row !== undefined) runAgain(reopening, path, planned.inner !== null)
  draft.put({
    ...newRow({ path, stepId: planned.id, type: planned.step.type, holder: holder.path }),
    attempt: row?.attempt ?? 0,
    waitingOn: planned.before.length - ended.length,
    isChosen: !planned.needsChoice || ended.some((edge) => leadsOn(edge, withOutput(draft, kept.get(edge.from)!))),
  })
}

function withOutput(draft: Draft, row: StepRun): StepRun {
  return row.type === 'CONDITION' && row.output === undefined ? (draft.read(row.path) ?? row) : row
}

/** @returns false when nothing in it could go on: it runs again as a whole */
function reopenContainer(reopening: Reopening, row: StepRun): boolean {
  const { draft } = reopening
  const { inner, timeoutMs, scope } = draft.planned(row)
  if (inner === null || row.attempt === 0) return false
  const open = draft.put(asOpen(row))
  if (!reopenInside(reopening, open, inner)) {
    draft.remove(open)
    return false
  }
  // One of a PARALLEL waits until its limit has room.
  if (scope.holder?.step.type !== 'PARALLEL') goOnNow(reopening, open, after(draft.now, timeoutMs))
  reopening.reopened.push({ path: row.path, status: open.isReopened ? 'PENDING' : 'RUNNING' })
  return true
}

function reopenInside(reopening: Reopening, row: OpenStep, inner: PlannedScope): boolean {
  const { draft } = reopening
  switch (row.type) {
    case 'PARALLEL':
      reopenParallel(reopening, row, inner)
      return !isOutOfReach(row, draft.planned(row).step as StepOf<'PARALLEL'>)
    case 'LOOP':
      return reopenLoop(reopening, row, inner)
    case 'MAP':
      reopenMap(reopening, row, inner)
      return draft.hasOpen(row) || row.next < row.total!
    default:
      reopenScope(reopening, row, inner)
      return true
  }
}

function reopenParallel(reopening: Reopening, row: OpenStep, inner: PlannedScope): void {
  const { draft, rows } = reopening
  reopenScope(reopening, row, inner)
  const children = inner.steps.map(({ id }) => stepPath(row.path, id))
  const isKept = (path: StepPath) => draft.get(path) === undefined
  row.failed = 0
  row.completed = children.filter((path) => isKept(path) && rows.get(path)?.status === 'COMPLETED').length
  row.next = children.filter((path) => draft.get(path)?.status !== 'PENDING').length
}

/** The first iteration that is not kept goes on; those after it never were. */
function reopenLoop(reopening: Reopening, row: OpenStep, inner: PlannedScope): boolean {
  const { draft } = reopening
  const hadFailed = reopening.rows.get(row.path)!.status === 'FAILED'
  for (let index = 0; index < row.next; index++) {
    const iteration = reopening.rows.get(iterationPath(row.path, index))
    if (iteration === undefined || reopening.fateOf(iteration) === 'KEEP') continue
    for (let later = index + 1; later < row.next; later++) runAgain(reopening, iterationPath(row.path, later), true)
    Object.assign(row, { next: index + 1, ended: index, completed: index })
    reopenIteration(reopening, draft.put(asOpen(iteration)), inner)
    return true
  }
  return !hadFailed
}

/** What failed or was stopped goes on, as far as there is room, see `hasRoomAgain`. */
function reopenMap(reopening: Reopening, row: OpenStep, inner: PlannedScope): void {
  row.failed = 0
  let left = 0
  for (const iteration of iterationsIn(reopening, row)) {
    if (reopening.fateOf(iteration) === 'KEEP') continue
    if (iteration.status === 'COMPLETED') row.completed -= 1
    left += 1
    reopenIteration(reopening, reopening.draft.put(asOpen(iteration)), inner)
  }
  row.ended = row.next - left
}

function* iterationsIn({ rows }: Reopening, row: StepRun): Iterable<StepRun> {
  for (let index = 0; index < row.next; index++) {
    const iteration = rows.get(iterationPath(row.path, index))
    if (iteration !== undefined) yield iteration
  }
}

function reopenIteration(reopening: Reopening, open: OpenStep, inner: PlannedScope): void {
  const { draft, rows } = reopening
  if (reopening.fateOf(rows.get(open.path)!) === 'REOPEN') reopenScope(reopening, open, inner)
  else beginAfresh(reopening, open, inner)
  // One of a MAP waits until its limit has room.
  if (draft.planned(open).step.type === 'LOOP') goOnNow(reopening, open, null)
  reopening.reopened.push({ path: open.path, status: open.isReopened ? 'PENDING' : 'RUNNING' })
}

function beginAfresh(reopening: Reopening, holder: Holder, scope: PlannedScope): void {
  Object.assign(holder, { ended: 0, undoneTo: null })
  runAgain(reopening, holder.path, true)
  openScope(reopening.draft, holder, scope)
}

function runAgain({ draft, again }: Reopening, path: StepPath, isHolder: boolean): void {
  if (isHolder) draft.clear(path)
  again.push(path)
}

/** As it was, to go on when it has its turn. */
function asOpen(row: StepRun): OpenStep {
  const { output: _, ...rest } = row
  return {
    ...rest,
    status: 'PENDING',
    isReopened: true,
    waitingOn: 0,
    error: null,
    ending: null,
    failures: 0,
    retryAt: null,
    timeoutAt: null,
    completion: null,
    finishedAt: null,
  }
}

/** Where that makes a difference: what ends as soon as it has its turn, see `beginAgain`, waits for it. */
function goOnNow({ draft, isNewRun }: Reopening, row: OpenStep, timeoutAt: Date | null): void {
  if (isNewRun || endsAtOnce(draft, row)) return
  draft.move(row, 'RUNNING')
  Object.assign(row, { isReopened: false, timeoutAt })
}

/** What was stopped when it had all it needs. */
export function endsAtOnce(draft: Draft, row: StepRun): boolean {
  const { step } = draft.planned(row)
  if (row.type === 'SEQUENTIAL' || row.type === 'ITERATION') return !draft.hasOpen(row)
  return step.type === 'PARALLEL' && (!draft.hasOpen(row) || hasEnough(row, step))
}
