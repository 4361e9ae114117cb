import { iterationPath, stepPath } from './path.ts'
import type { Plan, PlannedScope, PlannedStep } from './plan.ts'
import type { RunRow, StepPath, StepRun } from './run-state.ts'
import { isWork } from './working.ts'

/** The chain of steps that decided how long a run took: no other would have made it shorter. */
export interface CriticalPath {
  /** Steps that hold no others, in the order of time. */
  readonly steps: readonly { readonly path: StepPath; readonly durationMs: number }[]
  /** Sum of their durations. */
  readonly lengthMs: number
  /** From the run's start to its end, or until now. */
  readonly wallMs: number
  /** Sum of the durations of all steps that worked; divided by `wallMs`, how many did so at a time. */
  readonly workMs: number
}

/**
 * The critical path of a run that has ended or is under way.
 *
 * @param rows step runs in any state; iterations that are not among them are left out
 */
export function criticalPath(
  plan: Plan,
  run: RunRow,
  { rows, now }: { rows: ReadonlyMap<StepPath, StepRun>; now: Date },
): CriticalPath {
  const steps = chainOf({ rows, now }, '', plan.root).map((row) => ({
    path: row.path,
    durationMs: durationOf(row, now),
  }))
  const worked = [...rows.values()].filter(({ type }) => isWork(type))
  return {
    steps,
    lengthMs: sum(steps.map(({ durationMs }) => durationMs)),
    wallMs: durationOf(run, now),
    workMs: sum(worked.map((row) => durationOf(row, now))),
  }
}

interface Timed {
  readonly rows: ReadonlyMap<StepPath, StepRun>
  readonly now: Date
}

/** Back from the step that ended last, each time to the one before it that ended last. */
function chainOf(timed: Timed, path: StepPath, scope: PlannedScope): StepRun[] {
  const chain: StepRun[][] = []
  for (let step = lastOf(timed, path, scope.steps); step !== null; ) {
    chain.push(inside(timed, step.row, step.planned))
    const before = step.planned.before.map(({ from }) => from)
    step = lastOf(timed, path, before)
  }
  return chain.reverse().flat()
}

function inside(timed: Timed, row: StepRun, { inner }: PlannedStep): StepRun[] {
  if (inner === null) return [row]
  switch (row.type) {
    case 'LOOP':
      return iterationsOf(timed, row).flatMap(({ path }) => chainOf(timed, path, inner))
    case 'MAP': {
      const last = latest(timed, iterationsOf(timed, row))
      return last === null ? [] : chainOf(timed, last.path, inner)
    }
    default:
      return chainOf(timed, row.path, inner)
  }
}

function iterationsOf({ rows }: Timed, { path, next }: StepRun): StepRun[] {
  return Array.from({ length: next }, (_, index) => rows.get(iterationPath(path, index))).filter(
    (row) => row !== undefined,
  )
}

function lastOf(
  timed: Timed,
  path: StepPath,
  steps: readonly PlannedStep[],
): { row: StepRun; planned: PlannedStep } | null {
  const ran = steps.flatMap((planned) => timed.rows.get(stepPath(path, planned.id)) ?? [])
  const row = latest(
    timed,
    ran.filter(({ startedAt }) => startedAt !== null),
  )
  return row && { row, planned: steps.find(({ id }) => id === row.stepId)! }
}

function latest({ now }: Timed, rows: readonly StepRun[]): StepRun | null {
  const endOf = ({ finishedAt }: StepRun) => (finishedAt ?? now).getTime()
  return rows.reduce<StepRun | null>((last, row) => (last === null || endOf(row) > endOf(last) ? row : last), null)
}

function durationOf({ startedAt, finishedAt }: Pick<StepRun, 'startedAt' | 'finishedAt'>, now: Date): number {
  return startedAt === null ? 0 : (finishedAt ?? now).getTime() - startedAt.getTime()
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
