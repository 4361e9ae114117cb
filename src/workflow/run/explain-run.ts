import type { Plan, PlannedStep } from './plan.ts'
import { type Decision, hasEnded, type RunState, type StepError, type StepPath, type StepRun } from './run-state.ts'
import { isWork, isWorking } from './working.ts'

/** One reason why a run has not ended. */
export type RunBlocker =
  /** Too many runs of the workflow, or of its key, are under way. */
  | { readonly kind: 'ROOM' }
  /** By hand: nothing new starts. */
  | { readonly kind: 'PAUSE' }
  | ({ readonly kind: 'TASK'; readonly taskId: string } & AtStep)
  | ({ readonly kind: 'CHILD_RUN'; readonly runId: string } & AtStep)
  /** A task or child run was told to stop, and has not yet. */
  | ({ readonly kind: 'STOP'; readonly id: string } & AtStep)
  | ({ readonly kind: 'TIME'; readonly until: Date } & AtStep)
  | ({ readonly kind: 'RETRY'; readonly until: Date; readonly attempt: number; readonly error: StepError } & AtStep)
  | ({ readonly kind: 'EVENT'; readonly key: string; readonly until: Date | null } & AtStep)
  | ({ readonly kind: 'CALLBACK'; readonly until: Date | null } & AtStep)
  | ({ readonly kind: 'APPROVAL'; readonly decisions: readonly Decision[]; readonly until: Date | null } & AtStep)
  /** It may start, and `maxParallelSteps` of the run leave no room. */
  | ({ readonly kind: 'RUN_LIMIT'; readonly limit: number } & AtStep)
  /** The same of `maxParallel` of what holds it. */
  | ({ readonly kind: 'HOLDER_LIMIT'; readonly holder: StepPath; readonly limit: number } & AtStep)
  /** Elements of a MAP that wait for iterations under way. */
  | ({ readonly kind: 'ELEMENTS'; readonly count: number; readonly limit: number } & AtStep)
  /** Steps before it that are under way. */
  | ({ readonly kind: 'STEPS'; readonly after: readonly StepPath[] } & AtStep)

interface AtStep {
  readonly path: StepPath
}

/** Why a run waits, in the order of its definition; of one that has ended, nothing. */
export function explainRun(plan: Plan, { run, steps }: RunState): readonly RunBlocker[] {
  if (hasEnded(run)) return []
  if (run.status === 'PENDING') return [{ kind: 'ROOM' }]
  const rows = [...steps.values()].filter((row) => !hasEnded(row))
  const working = rows.filter(isWorking).length
  const orderOf = ({ stepId }: StepRun) => plan.steps.get(stepId)!.order
  const blockers = rows
    .toSorted((a, b) => orderOf(a) - orderOf(b) || a.path.localeCompare(b.path, 'en', { numeric: true }))
    .map((row) => blockerOf(row, { plan, steps, working }))
  const paused: readonly RunBlocker[] = run.isPaused ? [{ kind: 'PAUSE' }] : []
  return [...paused, ...blockers.filter((blocker) => blocker !== null)]
}

interface Around {
  readonly plan: Plan
  readonly steps: RunState['steps']
  readonly working: number
}

function blockerOf(row: StepRun, around: Around): RunBlocker | null {
  switch (row.status) {
    case 'PENDING':
      return whyPending(row, around)
    case 'WAITING':
      return whyWaiting(row)
    default:
      return row.type === 'MAP' ? whyElementsWait(row, around) : whyRunning(row)
  }
}

function whyRunning({ path, type, ending, awaitedId }: StepRun): RunBlocker | null {
  if (awaitedId === null) return null
  if (ending !== null) return { kind: 'STOP', path, id: awaitedId }
  return type === 'SUBWORKFLOW'
    ? { kind: 'CHILD_RUN', path, runId: awaitedId }
    : { kind: 'TASK', path, taskId: awaitedId }
}

function whyWaiting({ path, type, retryAt, waitUntil, waitKey, timeoutAt: until, ...row }: StepRun): RunBlocker | null {
  if (retryAt !== null) return { kind: 'RETRY', path, until: retryAt, attempt: row.attempt, error: row.error! }
  if (type === 'APPROVAL') return { kind: 'APPROVAL', path, decisions: row.decisions, until }
  if (type === 'WEBHOOK') return { kind: 'CALLBACK', path, until }
  if (waitKey !== null) return { kind: 'EVENT', path, key: waitKey, until }
  return waitUntil === null ? null : { kind: 'TIME', path, until: waitUntil }
}

function whyPending(row: StepRun, { plan, steps, working }: Around): RunBlocker | null {
  const { path } = row
  const planned = plan.steps.get(row.stepId)!
  if (row.waitingOn > 0) return { kind: 'STEPS', path, after: openBefore(row, planned, steps) }
  if (isWork(row.type) && working >= plan.maxParallelSteps) {
    return { kind: 'RUN_LIMIT', path, limit: plan.maxParallelSteps }
  }
  const holder = steps.get(row.holder)
  const step = holder && plan.steps.get(holder.stepId)!.step
  if (step?.type !== 'PARALLEL' && (step?.type !== 'MAP' || row.type !== 'ITERATION')) return null
  return { kind: 'HOLDER_LIMIT', path, holder: row.holder, limit: step.maxParallel ?? plan.maxParallelSteps }
}

function openBefore({ holder }: StepRun, { before }: PlannedStep, steps: RunState['steps']): StepPath[] {
  return before.map(({ from }) => (holder === '' ? from.id : `${holder}.${from.id}`)).filter((path) => steps.has(path))
}

function whyElementsWait({ path, stepId, next, total, ending }: StepRun, { plan }: Around): RunBlocker | null {
  const { step } = plan.steps.get(stepId)!
  const count = (total ?? 0) - next
  if (step.type !== 'MAP' || count === 0 || ending !== null) return null
  return { kind: 'ELEMENTS', path, count, limit: step.maxParallel ?? plan.maxParallelSteps }
}
