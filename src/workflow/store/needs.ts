import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { JsonValue } from '../../task/json.ts'
import { completionKey, type Known, type Needs } from '../run/known.ts'
import { iterationPath } from '../run/path.ts'
import type { StepPath, StepRun } from '../run/run-state.ts'
import { readInputs } from './runs.ts'
import { isBelow, STEP_COLUMNS, type StepRunRow, toStepRun } from './step-runs.ts'

/** What one run's call asks for. */
export interface RunNeeds {
  readonly runId: string
  readonly needs: Needs
}

/** What was read for calls, growing from round to round. */
export class Knowledge implements Known {
  readonly steps = new Map<StepPath, StepRun | null>()
  readonly outputs = new Map<StepPath, readonly JsonValue[]>()
  readonly items = new Map<StepPath, JsonValue>()
  readonly completions = new Map<string, StepRun | null>()
  // Set once, when asked for.
  input?: JsonValue
  unsettled?: readonly StepRun[]
}

/**
 * Reads what calls of runs of one tenant ask for, each kind with one statement whatever the number of runs.
 *
 * Indexes: step_run_pkey, step_run_iteration_idx, step_run_completion_idx, map_item_pkey, workflow_run_pkey.
 */
export async function readNeeds(
  client: ClientBase,
  tenant: string,
  all: readonly RunNeeds[],
  known: ReadonlyMap<string, Knowledge>,
): Promise<void> {
  await Promise.all([
    readSteps(client, tenant, all, known),
    readOutputs(client, tenant, all, known),
    readItems(client, tenant, all, known),
    readCompletions(client, tenant, all, known),
    readUnsettled(client, tenant, all, known),
    readRunInputs(client, tenant, all, known),
  ])
}

type ValuedRow = StepRunRow & {
  readonly input: JsonValue | null
  readonly output: JsonValue | null
  readonly hasInput: boolean
  readonly hasOutput: boolean
}

const VALUES = `s."input", s."output", s."input" IS NOT NULL AS "hasInput", s."output" IS NOT NULL AS "hasOutput"`

function withValues(row: ValuedRow): StepRun {
  return {
    ...toStepRun(row),
    ...(row.hasInput && { input: row.input as JsonValue }),
    ...(row.hasOutput && { output: row.output as JsonValue }),
  }
}

type Read = (
  client: ClientBase,
  tenant: string,
  all: readonly RunNeeds[],
  known: ReadonlyMap<string, Knowledge>,
) => Promise<void>

const readSteps: Read = async (client, tenant, all, known) => {
  const places = all.flatMap(({ runId, needs }) => needs.steps.map((path) => ({ runId, path })))
  if (places.length === 0) return
  for (const { runId, path } of places) known.get(runId)!.steps.set(path, null)
  const { rows } = await client.query<ValuedRow>(
    prepared(
      `SELECT ${STEP_COLUMNS}, ${VALUES} FROM unnest($2::uuid[], $3::text[]) AS p("run_id", "path")
      JOIN "step_run" AS s ON s."tenant" = $1 AND s."run_id" = p."run_id" AND s."path" = p."path"`,
      [tenant, places.map(({ runId }) => runId), places.map(({ path }) => path)],
    ),
  )
  for (const row of rows) known.get(row.run_id)!.steps.set(row.path, withValues(row))
}

const readOutputs: Read = async (client, tenant, all, known) => {
  const places = all.flatMap(({ runId, needs }) => needs.outputs.map((path) => ({ runId, path })))
  if (places.length === 0) return
  const { rows } = await client.query<{ run_id: string; path: string; outputs: JsonValue[] }>(
    prepared(
      `SELECT p."run_id", p."path", (
        SELECT coalesce(jsonb_agg(coalesce(s."output", 'null') ORDER BY s."index"), '[]') FROM "step_run" AS s
        WHERE s."tenant" = $1 AND s."run_id" = p."run_id" AND s."holder" = p."path" AND s."type" = 'ITERATION') AS "outputs"
      FROM unnest($2::uuid[], $3::text[]) AS p("run_id", "path")`,
      [tenant, places.map(({ runId }) => runId), places.map(({ path }) => path)],
    ),
  )
  for (const { run_id, path, outputs } of rows) known.get(run_id)!.outputs.set(path, outputs)
}

const readItems: Read = async (client, tenant, all, known) => {
  const places = all.flatMap(({ runId, needs }) => needs.items.map((item) => ({ runId, ...item })))
  if (places.length === 0) return
  const { rows } = await client.query<{ run_id: string; path: string; index: number; value: JsonValue }>(
    prepared(
      `SELECT i."run_id", i."path", i."index", i."value" FROM unnest($2::uuid[], $3::text[], $4::int[]) AS p("run_id", "path", "index")
      JOIN "map_item" AS i ON i."tenant" = $1 AND i."run_id" = p."run_id" AND i."path" = p."path" AND i."index" = p."index"`,
      [tenant, places.map(({ runId }) => runId), places.map(({ path }) => path), places.map(({ index }) => index)],
    ),
  )
  for (const { run_id, path, index, value } of rows) known.get(run_id)!.items.set(iterationPath(path, index), value)
}

const readCompletions: Read = async (client, tenant, all, known) => {
  const places = all.flatMap(({ runId, needs }) => needs.completions.map((asked) => ({ runId, ...asked })))
  if (places.length === 0) return
  for (const { runId, below, before } of places) known.get(runId)!.completions.set(completionKey(below, before), null)
  const { rows } = await client.query<ValuedRow & { below: string; before: number }>(
    prepared(
      `SELECT ${STEP_COLUMNS}, ${VALUES}, p."below", p."before" FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS p("run_id", "below", "before")
      CROSS JOIN LATERAL (
        SELECT * FROM "step_run" AS c WHERE c."tenant" = $1 AND c."run_id" = p."run_id" AND c."completion" < p."before"
          AND ${isBelow('c."path"', 'p."below"')}
        ORDER BY c."completion" DESC LIMIT 1) AS s`,
      [tenant, places.map(({ runId }) => runId), places.map(({ below }) => below), places.map(({ before }) => before)],
    ),
  )
  for (const row of rows) known.get(row.run_id)!.completions.set(completionKey(row.below, row.before), withValues(row))
}

/** Costs as much as the run has rows: a retry by hand looks at all that was not settled. */
const readUnsettled: Read = async (client, tenant, all, known) => {
  const ids = all.flatMap(({ runId, needs }) => (needs.hasUnsettled ? [runId] : []))
  if (ids.length === 0) return
  const { rows } = await client.query<StepRunRow>(
    prepared(
      `SELECT ${STEP_COLUMNS} FROM "step_run" AS s
      WHERE s."tenant" = $1 AND s."run_id" = ANY ($2::uuid[]) AND (s."type" <> 'ITERATION' OR s."status" NOT IN ('COMPLETED', 'SKIPPED'))
        AND (s."holder" = '' OR EXISTS (SELECT FROM "step_run" AS h
          WHERE h."tenant" = s."tenant" AND h."run_id" = s."run_id" AND h."path" = s."holder" AND h."status" NOT IN ('COMPLETED', 'SKIPPED')))`,
      [tenant, ids],
    ),
  )
  for (const id of ids) known.get(id)!.unsettled = rows.filter(({ run_id }) => run_id === id).map(toStepRun)
}

const readRunInputs: Read = async (client, tenant, all, known) => {
  const ids = all.flatMap(({ runId, needs }) => (needs.hasInput ? [runId] : []))
  for (const [id, input] of await readInputs(client, tenant, ids)) known.get(id)!.input = input
}
