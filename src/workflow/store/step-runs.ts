import type { ClientBase } from 'pg'
import { type BatchColumn, insertBatch, prepared } from '../../infra/row-batch.ts'
import type { JsonValue } from '../../task/json.ts'
import type { Changes } from '../run/draft.ts'
import { hasEnded, type RunState, type StepPath, type StepRun } from '../run/run-state.ts'

/**
 * Step runs in any state, by the run's id, without inputs and outputs; of each run the first `limit` by their paths. Index: step_run_pkey.
 */
export async function readSteps(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  { runIds, limit }: { readonly runIds: readonly string[]; readonly limit: number },
): Promise<ReadonlyMap<string, Map<StepPath, StepRun>>> {
  const { rows } = await client.query<StepRunRow>(
    prepared(
      `SELECT ${STEP_COLUMNS} FROM unnest($2::uuid[]) AS p("id") CROSS JOIN LATERAL (
        SELECT * FROM "step_run" AS r WHERE r."tenant" = $1 AND r."run_id" = p."id" ORDER BY r."path" LIMIT $3) AS s`,
      [tenant, runIds, limit],
    ),
  )
  return byRun(runIds, rows)
}

/** Step runs that have not ended, by the run's id, without inputs and outputs. Indexes: step_run_open_idx, step_run_turn_idx. */
export async function readOpenSteps(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, Map<StepPath, StepRun>>> {
  const { rows } = await client.query<StepRunRow>(
    prepared(
      `SELECT ${STEP_COLUMNS} FROM "step_run" AS s
      WHERE s."tenant" = $1 AND s."run_id" = ANY ($2::uuid[]) AND s."finished_at" IS NULL AND s."turn" IS NULL
      UNION ALL
      SELECT ${STEP_COLUMNS} FROM "step_run" AS s WHERE s."tenant" = $1 AND s."run_id" = ANY ($2::uuid[]) AND s."turn" IS NOT NULL`,
      [tenant, runIds],
    ),
  )
  return byRun(runIds, rows)
}

/** Whose steps are to go on. */
export interface RunToRead {
  readonly runId: string
  /** Most of each queue. */
  readonly mostTurns: number
}

/**
 * Step runs that have not ended, by the run's id, without inputs and outputs; of those that stand in a queue the first of each holder, so that
 * what waits for room costs nothing. Indexes: step_run_open_idx, step_run_turn_idx.
 */
export async function readStepsAtHand(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  runs: readonly RunToRead[],
): Promise<ReadonlyMap<string, Required<Pick<RunState, 'steps' | 'more'>>>> {
  if (runs.length === 0) return new Map()
  const { rows } = await client.query<StepRunRow>(
    prepared(
      `WITH open AS MATERIALIZED (
        SELECT ${STEP_COLUMNS} FROM "step_run" AS s
        WHERE s."tenant" = $1 AND s."run_id" = ANY ($2::uuid[]) AND s."finished_at" IS NULL AND s."turn" IS NULL
      ), holder AS (
        SELECT "run_id", '' AS "path", "most" FROM unnest($2::uuid[], $3::int[]) AS p("run_id", "most")
        UNION ALL
        SELECT "run_id", "path", ($3::int[])[array_position($2::uuid[], "run_id")] FROM open WHERE "type" IN ('ITERATION', 'SEQUENTIAL', 'PARALLEL')
      )
      SELECT ${STEP_COLUMNS} FROM open AS s
      UNION ALL
      SELECT ${STEP_COLUMNS} FROM holder AS h CROSS JOIN LATERAL (
        SELECT * FROM "step_run" AS q WHERE q."tenant" = $1 AND q."run_id" = h."run_id" AND q."holder" = h."path" AND q."turn" IS NOT NULL
        ORDER BY q."turn" LIMIT h."most") AS s`,
      [tenant, runs.map(({ runId }) => runId), runs.map(({ mostTurns }) => mostTurns)],
    ),
  )
  const steps = byRun(
    runs.map(({ runId }) => runId),
    rows,
  )
  return new Map(
    runs.map(({ runId, mostTurns }) => {
      const found = steps.get(runId)!
      return [runId, { steps: found, more: cutOff(found, mostTurns) }]
    }),
  )
}

/** Holders of whose queues so many were read that there may be more. */
function cutOff(steps: ReadonlyMap<StepPath, StepRun>, mostTurns: number): ReadonlySet<StepPath> {
  const counts = new Map<StepPath, number>()
  for (const { turn, holder } of steps.values()) {
    if (turn !== null) counts.set(holder, (counts.get(holder) ?? 0) + 1)
  }
  return new Set([...counts].flatMap(([holder, count]) => (count < mostTurns ? [] : [holder])))
}

function byRun(runIds: readonly string[], rows: readonly StepRunRow[]): ReadonlyMap<string, Map<StepPath, StepRun>> {
  const found = new Map(runIds.map((id) => [id, new Map<StepPath, StepRun>()]))
  for (const row of rows) found.get(row.run_id)!.set(row.path, toStepRun(row))
  return found
}

/** What a call changed, of one run. */
export interface RunChanges {
  readonly runId: string
  readonly changes: Changes
}

interface StepRow {
  readonly tenant: string
  readonly runId: string
  readonly row: StepRun
}

/**
 * Writes what calls have changed, of runs of one tenant under their locks: clears, removals, emptied queues, rows, elements of MAPs.
 *
 * Indexes: step_run_pkey, step_run_turn_idx, map_item_pkey.
 */
export async function writeSteps(client: ClientBase, tenant: string, all: readonly RunChanges[]): Promise<void> {
  const cleared = all.flatMap(({ runId, changes }) => changes.cleared.map((path) => ({ runId, path })))
  const removed = all.flatMap(({ runId, changes }) => changes.removed.map((path) => ({ runId, path })))
  const emptied = all.flatMap(({ runId, changes }) => changes.emptied.map((path) => ({ runId, path })))
  const rows = all.flatMap(({ runId, changes }) => changes.rows.map((row): StepRow => ({ tenant, runId, row })))
  // They share a round trip, and run in this order.
  await Promise.all([
    clearBelow(client, tenant, cleared),
    removeSteps(client, tenant, removed),
    emptyQueues(client, tenant, emptied),
    ...upserts(rows).map((statement) => client.query(statement)),
    insertItems(client, tenant, all),
  ])
}

interface Place {
  readonly runId: string
  readonly path: StepPath
}

async function clearBelow(client: ClientBase, tenant: string, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return
  const values = [tenant, places.map(({ runId }) => runId), places.map(({ path }) => path)]
  const matching = (table: string) =>
    `DELETE FROM "${table}" AS s USING unnest($2::uuid[], $3::text[]) AS c("run_id", "path")
    WHERE s."tenant" = $1 AND s."run_id" = c."run_id" AND ${isBelow('s."path"', 'c."path"')}`
  await Promise.all([
    client.query(prepared(matching('step_run'), values)),
    client.query(
      prepared(
        `${matching('map_item')} OR s."tenant" = $1 AND s."run_id" = c."run_id" AND s."path" = c."path"`,
        values,
      ),
    ),
  ])
}

async function removeSteps(client: ClientBase, tenant: string, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return
  await client.query(
    prepared(
      `DELETE FROM "step_run" AS s USING unnest($2::uuid[], $3::text[]) AS c("run_id", "path")
      WHERE s."tenant" = $1 AND s."run_id" = c."run_id" AND s."path" = c."path"`,
      [tenant, places.map(({ runId }) => runId), places.map(({ path }) => path)],
    ),
  )
}

/** @param places holders */
async function emptyQueues(client: ClientBase, tenant: string, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return
  await client.query(
    prepared(
      `DELETE FROM "step_run" AS s USING unnest($2::uuid[], $3::text[]) AS h("run_id", "path")
      WHERE s."tenant" = $1 AND s."run_id" = h."run_id" AND s."holder" = h."path" AND s."turn" IS NOT NULL`,
      [tenant, places.map(({ runId }) => runId), places.map(({ path }) => path)],
    ),
  )
}

async function insertItems(client: ClientBase, tenant: string, all: readonly RunChanges[]): Promise<void> {
  const lists = all.flatMap(({ runId, changes }) => [...changes.items].map(([path, items]) => ({ runId, path, items })))
  if (lists.length === 0) return
  await client.query(
    prepared(
      `INSERT INTO "map_item" ("tenant", "run_id", "path", "index", "value")
      SELECT $1, l."run_id", l."path", v."place" - 1, v."value" FROM unnest($2::uuid[], $3::text[], $4::jsonb[]) AS l("run_id", "path", "items")
      CROSS JOIN LATERAL jsonb_array_elements(l."items") WITH ORDINALITY AS v("value", "place")
      ON CONFLICT ("tenant", "run_id", "path", "index") DO UPDATE SET "value" = excluded."value"`,
      [
        tenant,
        lists.map(({ runId }) => runId),
        lists.map(({ path }) => path),
        lists.map(({ items }) => JSON.stringify(items)),
      ],
    ),
  )
}

/** SQL of whether a path is held by another, at any depth; all are held by the run's, which is empty. */
export function isBelow(path: string, above: string): string {
  return `(${above} = '' OR starts_with(${path}, ${above} || '.') OR starts_with(${path}, ${above} || '['))`
}

const json = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value))
const jsonValue = (value: JsonValue | undefined): string | null => (value === undefined ? null : JSON.stringify(value))

const STATE: readonly BatchColumn<StepRow>[] = [
  { name: 'step_id', type: 'text', of: ({ row }) => row.stepId },
  { name: 'type', type: 'step_run_type', of: ({ row }) => row.type },
  { name: 'holder', type: 'text', of: ({ row }) => row.holder },
  { name: 'status', type: 'step_run_status', of: ({ row }) => row.status },
  { name: 'attempt', type: 'int', of: ({ row }) => row.attempt },
  { name: 'index', type: 'int', of: ({ row }) => row.index },
  { name: 'is_reopened', type: 'boolean', of: ({ row }) => row.isReopened },
  { name: 'waiting_on', type: 'int', of: ({ row }) => row.waitingOn },
  { name: 'is_chosen', type: 'boolean', of: ({ row }) => row.isChosen },
  { name: 'turn', type: 'int', of: ({ row }) => row.turn },
  { name: 'ending', type: 'jsonb', of: ({ row }) => json(row.ending) },
  { name: 'ended', type: 'int', of: ({ row }) => row.ended },
  { name: 'undone_to', type: 'int', of: ({ row }) => row.undoneTo },
  { name: 'total', type: 'int', of: ({ row }) => row.total },
  { name: 'next', type: 'int', of: ({ row }) => row.next },
  { name: 'completed', type: 'int', of: ({ row }) => row.completed },
  { name: 'failed', type: 'int', of: ({ row }) => row.failed },
  { name: 'awaited_id', type: 'uuid', of: ({ row }) => row.awaitedId },
  { name: 'wait_key', type: 'text', of: ({ row }) => row.waitKey },
  { name: 'decisions', type: 'jsonb', of: ({ row }) => (row.decisions.length === 0 ? null : json(row.decisions)) },
  { name: 'is_called_back', type: 'boolean', of: ({ row }) => row.isCalledBack },
  { name: 'wait_until', type: 'timestamptz', of: ({ row }) => row.waitUntil },
  { name: 'retry_at', type: 'timestamptz', of: ({ row }) => row.retryAt },
  { name: 'failures', type: 'int', of: ({ row }) => row.failures },
  { name: 'timeout_at', type: 'timestamptz', of: ({ row }) => row.timeoutAt },
  { name: 'error', type: 'jsonb', of: ({ row }) => json(row.error) },
  { name: 'completion', type: 'int', of: ({ row }) => row.completion },
  { name: 'started_at', type: 'timestamptz', of: ({ row }) => row.startedAt },
  // A row that is open again is found among the open ones by this.
  { name: 'finished_at', type: 'timestamptz', of: ({ row }) => (hasEnded(row) ? row.finishedAt : null) },
]
const KEY: readonly BatchColumn<StepRow>[] = [
  { name: 'tenant', type: 'text', of: ({ tenant }) => tenant },
  { name: 'run_id', type: 'uuid', of: ({ runId }) => runId },
  { name: 'path', type: 'text', of: ({ row }) => row.path },
]
/** What a call leaves as it was when it did not look at it. */
const VALUES: readonly BatchColumn<StepRow>[] = [
  { name: 'input', type: 'jsonb', of: ({ row }) => jsonValue(row.input) },
  { name: 'output', type: 'jsonb', of: ({ row }) => jsonValue(row.output) },
]
const ON_CONFLICT = `ON CONFLICT ("tenant", "run_id", "path") DO UPDATE SET ${[
  ...STATE.map(({ name }) => `"${name}" = excluded."${name}"`),
  ...VALUES.map(({ name }) => `"${name}" = coalesce(excluded."${name}", "step_run"."${name}")`),
].join(', ')}`

function upserts(rows: readonly StepRow[]) {
  return rows.length === 0
    ? []
    : [insertBatch('step_run', [...KEY, ...STATE, ...VALUES], rows, { onConflict: ON_CONFLICT, sendsAll: true })]
}

export interface StepRunRow {
  readonly run_id: string
  readonly path: string
  readonly step_id: string
  readonly type: StepRun['type']
  readonly holder: string
  readonly status: StepRun['status']
  readonly attempt: number
  readonly index: number | null
  readonly is_reopened: boolean
  readonly waiting_on: number
  readonly is_chosen: boolean
  readonly turn: number | null
  readonly ending: StepRun['ending']
  readonly ended: number
  readonly undone_to: number | null
  readonly total: number | null
  readonly next: number
  readonly completed: number
  readonly failed: number
  readonly awaited_id: string | null
  readonly wait_key: string | null
  readonly decisions: StepRun['decisions'] | null
  readonly is_called_back: boolean
  readonly wait_until: Date | null
  readonly retry_at: Date | null
  readonly failures: number
  readonly timeout_at: Date | null
  readonly error: StepRun['error']
  readonly completion: number | null
  readonly started_at: Date | null
  readonly finished_at: Date | null
}

export const STEP_COLUMNS = ['run_id', 'path', ...STATE.map(({ name }) => name)].map((name) => `s."${name}"`).join(', ')

export function toStepRun(row: StepRunRow): StepRun {
  return {
    path: row.path,
    stepId: row.step_id,
    type: row.type,
    holder: row.holder,
    status: row.status,
    attempt: row.attempt,
    index: row.index,
    isReopened: row.is_reopened,
    waitingOn: row.waiting_on,
    isChosen: row.is_chosen,
    turn: row.turn,
    ending: row.ending,
    ended: row.ended,
    undoneTo: row.undone_to,
    total: row.total,
    next: row.next,
    completed: row.completed,
    failed: row.failed,
    awaitedId: row.awaited_id,
    waitKey: row.wait_key,
    decisions: row.decisions ?? [],
    isCalledBack: row.is_called_back,
    waitUntil: row.wait_until,
    retryAt: row.retry_at,
    failures: row.failures,
    timeoutAt: row.timeout_at,
    error: row.error,
    completion: row.completion,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

/** One step run with its input; null: there is none. Index: step_run_pkey. */
export async function readStep(client: ClientBase, tenant: string, { runId, path }: Place): Promise<StepRun | null> {
  const { rows } = await client.query<StepRunRow & { input: JsonValue | null }>(
    prepared(
      `SELECT ${STEP_COLUMNS}, s."input" FROM "step_run" AS s WHERE s."tenant" = $1 AND s."run_id" = $2 AND s."path" = $3`,
      [tenant, runId, path],
    ),
  )
  const [row] = rows
  return row === undefined ? null : { ...toStepRun(row), input: row.input }
}

/** All step runs of a run, with the outputs of its CONDITIONs and the elements of its iterations. Index: step_run_pkey. */
export async function readAllSteps(client: ClientBase, tenant: string, runId: string): Promise<readonly StepRun[]> {
  const { rows } = await client.query<
    StepRunRow & { output: JsonValue | null; input: JsonValue | null; hasInput: boolean }
  >(
    prepared(
      `SELECT ${STEP_COLUMNS}, CASE WHEN s."type" = 'CONDITION' THEN s."output" END AS "output",
        CASE WHEN s."type" = 'ITERATION' THEN s."input" END AS "input", s."input" IS NOT NULL AS "hasInput" FROM "step_run" AS s
      WHERE s."tenant" = $1 AND s."run_id" = $2`,
      [tenant, runId],
    ),
  )
  return rows.map((row) => ({
    ...toStepRun(row),
    ...(row.type === 'CONDITION' && { output: row.output }),
    ...(row.type === 'ITERATION' && row.hasInput && { input: row.input }),
  }))
}

/** What a fork takes over. */
export interface Takeover {
  readonly fromId: string
  readonly toId: string
  /** Paths that are taken over as they ended, each with all below it. */
  readonly reused: readonly StepPath[]
  /** MAPs that go on, whose elements are copied. */
  readonly maps: readonly StepPath[]
}

/** Copies to a fork what it takes over; it undoes only what it does itself. Indexes: step_run_pkey, map_item_pkey. */
export async function copySteps(
  client: ClientBase,
  tenant: string,
  { fromId, toId, reused, maps }: Takeover,
): Promise<void> {
  const kept = [...STATE, ...VALUES]
    .map(({ name }) => name)
    .filter((name) => name !== 'completion' && name !== 'awaited_id')
  const names = kept.map((name) => `"${name}"`).join(', ')
  await Promise.all([
    client.query(
      prepared(
        `INSERT INTO "step_run" ("tenant", "run_id", "path", ${names})
        SELECT s."tenant", $3, s."path", ${kept.map((name) => `s."${name}"`).join(', ')} FROM "step_run" AS s
        WHERE s."tenant" = $1 AND s."run_id" = $2
          AND EXISTS (SELECT FROM unnest($4::text[]) AS p("path") WHERE s."path" = p."path" OR ${isBelow('s."path"', 'p."path"')})`,
        [tenant, fromId, toId, reused],
      ),
    ),
    client.query(
      prepared(
        `INSERT INTO "map_item" ("tenant", "run_id", "path", "index", "value")
        SELECT "tenant", $3, "path", "index", "value" FROM "map_item" WHERE "tenant" = $1 AND "run_id" = $2 AND "path" = ANY ($4::text[])`,
        [tenant, fromId, toId, maps],
      ),
    ),
  ])
}
