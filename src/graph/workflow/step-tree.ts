import DataLoader from 'dataloader'
import type { FieldNode, GraphQLResolveInfo } from 'graphql'
import type { StepRun as StepRow } from '../../infra/generated/prisma/client.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { nested } from '../nested-loader.ts'
import { readStepRuns } from './load-step-run.ts'
import { StepRun } from './step-run.ts'
import { WorkflowRun } from './workflow-run.ts'

/** Most steps or iterations of one holder that are answered at once. */
const MOST_WITHIN = 1_000

const FROM_ITERATION = `Of a LOOP or MAP: the first iteration wanted, from 0; the first when absent. At most ${MOST_WITHIN} come.`

builder.prismaObjectFields(WorkflowRun, (t) => ({
  rootSteps: t.field({
    type: [StepRun],
    description: `The outermost steps that were reached, in the order in which they began, at most ${MOST_WITHIN}: the top of the tree.`,
    resolve: ({ id }, _args, context, info) => loadWithin(context, info, { runId: id, holder: '', from: 0 }),
  }),
}))

builder.prismaObjectFields(StepRun, (t) => ({
  steps: t.field({
    type: [StepRun],
    description:
      'What it holds: iterations by their numbers, steps in the order in which they began. One level of the tree; `WorkflowRun.steps` has all of it flat.',
    args: { fromIteration: t.arg.int({ description: FROM_ITERATION }) },
    resolve: ({ runId, path }, { fromIteration }, context, info) =>
      loadWithin(context, info, { runId, holder: path, from: fromIteration ?? 0 }),
  }),
}))

interface Holder {
  /** uuid */
  readonly runId: string
  /** Empty: the run. */
  readonly holder: string
  /** First iteration wanted. */
  readonly from: number
}

type Loader = DataLoader<Holder, StepRow[]>

const loadersOfContext = new WeakMap<GraphContext, WeakMap<FieldNode, Loader>>()

/** What steps hold, with all that is selected of it, in two statements for all holders that one field is asked for at once. */
const loadWithin = nested((context, info, holder: Holder): Promise<StepRow[]> => {
  const loaders = loadersOfContext.get(context) ?? new WeakMap<FieldNode, Loader>()
  loadersOfContext.set(context, loaders)
  const field = info.fieldNodes[0]!
  const loader = loaders.get(field) ?? new DataLoader((holders) => readWithin(context, info, holders), { cache: false })
  loaders.set(field, loader)
  return loader.load(holder)
})

interface Place {
  readonly runId: string
  readonly path: string
  readonly place: number
}

async function readWithin(
  context: GraphContext,
  info: GraphQLResolveInfo,
  holders: readonly Holder[],
): Promise<StepRow[][]> {
  const { rows: places } = await context.db.query<Place>(WITHIN, [
    context.tenant,
    holders.map(({ runId }) => runId),
    holders.map(({ holder }) => holder),
    holders.map(({ from }) => from),
    MOST_WITHIN,
  ])
  if (places.length === 0) return holders.map(() => [])
  const steps = await readStepRuns(context, info, places)
  const byPath = new Map(steps.map((step) => [step.id, step]))
  const within = Map.groupBy(places, ({ place }) => place)
  return holders.map((_, index) =>
    (within.get(index + 1) ?? []).flatMap(({ runId, path }) => byPath.get(`${runId}.${path}`) ?? []),
  )
}

// In: $1 tenant, $2 runs, $3 paths of holders, $4 first iterations, $5 most of each. Index: step_run_pkey, once for each run: one pass over
// its steps serves all holders of a level.
const WITHIN = `
  SELECT "runId", "path", "place" FROM (
    SELECT s."run_id" AS "runId", s."path", p."place"::int, row_number() OVER (
      PARTITION BY p."place" ORDER BY s."index", s."started_at", s."path") AS "number"
    FROM unnest($2::uuid[], $3::text[], $4::int[]) WITH ORDINALITY AS p("run_id", "holder", "from", "place")
    JOIN "step_run" AS s ON s."tenant" = $1 AND s."run_id" = p."run_id" AND coalesce(s."index", p."from") >= p."from"
      AND CASE WHEN s."path" ~ '[.[]' THEN regexp_replace(s."path", '(\\.[^.[]*|\\[[0-9]+\\])$', '') ELSE '' END = p."holder"
    WHERE s."run_id" = ANY ($2::uuid[])
  ) AS within WHERE "number" <= $5 ORDER BY "place", "number"`
