import DataLoader from 'dataloader'
import type { Plan } from '../../workflow/run/plan.ts'
import type { RunRow, StepPath, StepRun } from '../../workflow/run/run-state.ts'
import { readRuns } from '../../workflow/store/runs.ts'
import { readOpenSteps, readSteps } from '../../workflow/store/step-runs.ts'
import { versionKey } from '../../workflow/store/workflows.ts'
import type { GraphContext } from '../context.ts'

/** Steps and iterations of a run that its views are made of; a MAP over many elements may have more. */
export const MOST_ROWS = 20_000

/** What the views of a run are made of. */
export interface RunView {
  readonly plan: Plan
  readonly run: RunRow
  readonly steps: ReadonlyMap<StepPath, StepRun>
}

/** A run with its steps in any state, up to {@link MOST_ROWS}; null when it is gone. */
export const loadRunView = createViewLoader((context, runIds) =>
  readSteps(context.db, context.tenant, { runIds, limit: MOST_ROWS + 1 }),
)

/** A run with its steps that have not ended. */
export const loadOpenView = createViewLoader((context, runIds) => readOpenSteps(context.db, context.tenant, runIds))

type ReadSteps = (
  context: GraphContext,
  runIds: readonly string[],
) => Promise<ReadonlyMap<string, ReadonlyMap<StepPath, StepRun>>>

/** Loads what views need, in two statements for all runs that are asked for at once, and one more for plans that are new here. */
function createViewLoader(read: ReadSteps): (context: GraphContext, runId: string) => Promise<RunView | null> {
  const loaderOfContext = new WeakMap<GraphContext, DataLoader<string, RunView | null>>()
  return (context, runId) => {
    let loader = loaderOfContext.get(context)
    if (loader === undefined) {
      loader = new DataLoader(
        async (ids) => {
          const views = await readViews(context, read, [...new Set(ids)])
          return ids.map((id) => views.get(id) ?? null)
        },
        { cache: false },
      )
      loaderOfContext.set(context, loader)
    }
    return loader.load(runId)
  }
}

async function readViews(
  context: GraphContext,
  read: ReadSteps,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RunView>> {
  const { db, tenant, engine } = context
  // The run first: a step that is read later is newer than what the run says, never older.
  const runs = await readRuns(db, tenant, ids)
  const versions = runs.map(({ workflowId, row }) => ({ workflowId, number: row.version }))
  const [plans, steps] = await Promise.all([engine.runs.plansOf(db, tenant, versions), read(context, ids)])
  return new Map(
    runs.map(({ row }, index) => [
      row.id,
      { plan: plans.get(versionKey(versions[index]!))!, run: row, steps: steps.get(row.id)! },
    ]),
  )
}
