import type { JsonValue } from '../../task/json.ts'
import { Draft, type StepContext } from './draft.ts'
import { newRun } from './new-run.ts'
import { isBelow, parentPath } from './path.ts'
import type { Plan, PlannedStep } from './plan.ts'
import { type Fate, type Reopening, reopenScope } from './reopen.ts'
import { fateAfterFailure } from './retry-run.ts'
import { hasEnded, type RunRow, type StepPath, type StepRun } from './run-state.ts'
import { turnOf } from './turn.ts'

/** A run to fork: its rows, those of CONDITION steps with their outputs, those of iterations with their inputs. */
export interface ForkSource {
  readonly run: RunRow
  readonly rows: readonly StepRun[]
}

export interface ForkCall {
  /** uuid of the new run. */
  readonly id: string
  /** Step or iteration that is the first to run again. */
  readonly from: StepPath
  /** Instead of the source's. */
  readonly input?: JsonValue
  readonly now: Date
  readonly context: StepContext
}

export type ForkOutcome =
  | { readonly kind: 'refused'; readonly code: 'RUN_NOT_ENDED' | 'STEP_NOT_REACHED' }
  | {
      readonly kind: 'forked'
      readonly run: RunRow
      /** Rows that the new run begins with, of what goes on or runs again; what is not among them is not reached yet. */
      readonly rows: readonly StepRun[]
      /** What is taken over as it ended, each with all below it. Rows are copied without their `completion`: the new run undoes only what it does. Elements of MAPs that go on are copied too. */
      readonly reused: readonly StepPath[]
      /** What ran in the source and runs again, each with all below it. */
      readonly again: readonly StepPath[]
    }

/**
 * A new run that takes over what a run that has ended did, up to a step or iteration: from there, and with all that comes after it, it runs
 * again. What had failed or was stopped elsewhere runs again too, as by a retry. A dry run shows this outcome and writes nothing.
 */
export function forkRun(plan: Plan, source: ForkSource, { id, from, input, now, context }: ForkCall): ForkOutcome {
  if (!hasEnded(source.run)) return { kind: 'refused', code: 'RUN_NOT_ENDED' }
  const rows = new Map(source.rows.map((row) => [row.path, row]))
  if (!rows.has(from)) return { kind: 'refused', code: 'STEP_NOT_REACHED' }
  // One that was compensated begins afresh.
  const { workflow, version, undoneTo } = source.run
  const given = input === undefined ? source.run.input : input
  const run: RunRow = {
    ...newRun({ id, workflow, version }),
    undoneTo,
    ...(given === undefined ? {} : { input: given }),
  }
  const draft = new Draft(plan, { run, steps: new Map() }, { now, context: withRows(context, rows) })
  const again = affected(plan, rows, from)
  const reopening: Reopening = {
    draft,
    rows,
    isNewRun: true,
    fateOf: (row) => fateOf(row, { from, again, planned: draft.planned(row) }),
    reopened: [],
    again: [],
  }
  reopenScope(reopening, draft.run, plan.root)
  return {
    kind: 'forked',
    run: draft.run,
    rows: [...draft.open()].map((row) => unstarted(plan, row)),
    reused: reusedOf(rows, reopening),
    again: againOf(rows, reopening),
  }
}

function unstarted(plan: Plan, row: StepRun): StepRun {
  return { ...row, turn: turnOf(plan, row), attempt: row.isReopened ? 1 : 0, startedAt: null }
}

function fateOf(
  row: StepRun,
  { from, again, planned }: { from: StepPath; again: ReadonlySet<StepPath>; planned: PlannedStep },
): Fate {
  if (again.has(row.path)) return 'AGAIN'
  if (isBelow(from, row.path)) return 'REOPEN'
  return fateAfterFailure(row, planned)
}

/** The step or iteration itself, and what ran and comes after it or after what holds it. */
function affected(plan: Plan, rows: ReadonlyMap<StepPath, StepRun>, from: StepPath): ReadonlySet<StepPath> {
  const again = new Set([from])
  for (let path = from; path !== ''; path = parentPath(path)) {
    const row = rows.get(path)!
    if (row.type === 'ITERATION') continue
    for (const { id } of comingAfter(plan.steps.get(row.stepId)!)) {
      const after = pathBeside(path, id)
      if (rows.has(after)) again.add(after)
    }
  }
  return again
}

function comingAfter(planned: PlannedStep, found = new Set<PlannedStep>()): ReadonlySet<PlannedStep> {
  for (const { to } of planned.after) {
    if (found.has(to)) continue
    found.add(to)
    comingAfter(to, found)
  }
  return found
}

function pathBeside(path: StepPath, id: string): StepPath {
  const scope = parentPath(path)
  return scope === '' ? id : `${scope}.${id}`
}

/** The outermost rows that ended, and of which nothing goes on or runs again. */
function reusedOf(rows: ReadonlyMap<StepPath, StepRun>, { reopened, again }: Reopening): StepPath[] {
  const goesOn = new Set(['', ...reopened.map(({ path }) => path)])
  const runsAgain = new Set(again)
  return [...rows.keys()].filter((path) => {
    const holder = parentPath(path)
    return goesOn.has(holder) && !runsAgain.has(holder) && !goesOn.has(path) && !runsAgain.has(path)
  })
}

/** The outermost of what runs again; all, where the run itself does. */
function againOf(rows: ReadonlyMap<StepPath, StepRun>, { again }: Reopening): StepPath[] {
  if (again.includes('')) return [...rows.keys()].filter((path) => parentPath(path) === '')
  const unique = [...new Set(again)]
  return unique.filter((path) => !unique.some((other) => isBelow(path, other)))
}

/** All rows of the source are known. */
function withRows(context: StepContext, rows: ReadonlyMap<StepPath, StepRun>): StepContext {
  return { ...context, known: { ...context.known, steps: rows } }
}
