import type { ClientBase } from 'pg'
import { type BatchColumn, insertBatch, prepared } from '../../infra/row-batch.ts'
import type { JsonValue } from '../../task/json.ts'

/** A step that waits for an event. */
export interface StepWait {
  /** uuid that the step awaits */
  readonly id: string
  readonly key: string
  readonly runId: string
  readonly path: string
}

export async function openStepWaits(client: ClientBase, tenant: string, waits: readonly StepWait[]): Promise<void> {
  if (waits.length === 0) return
  const columns: readonly BatchColumn<StepWait>[] = [
    { name: 'tenant', type: 'text', of: () => tenant },
    { name: 'id', type: 'uuid', of: ({ id }) => id },
    { name: 'key', type: 'text', of: ({ key }) => key },
    { name: 'run_id', type: 'uuid', of: ({ runId }) => runId },
    { name: 'path', type: 'text', of: ({ path }) => path },
  ]
  await client.query(insertBatch('step_wait', columns, waits))
}

/** Index: step_wait_pkey. */
export async function closeStepWaits(client: ClientBase, tenant: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await client.query(prepared(`DELETE FROM "step_wait" WHERE "tenant" = $1 AND "id" = ANY ($2::uuid[])`, [tenant, ids]))
}

/**
 * Tells an event to the runs of all steps that wait for its key, however many they are, in one statement; ring `runs` after the commit.
 * Whether it is the one that a step waits for, the step's condition says when its run takes it in.
 *
 * Index: step_wait_key_idx.
 *
 * @returns how many steps
 */
export async function tellWaitingSteps(
  client: ClientBase,
  tenant: string,
  { key, payload }: { readonly key: string; readonly payload: JsonValue },
): Promise<number> {
  const { rowCount } = await client.query(
    prepared(
      `INSERT INTO "run_inbox" ("tenant", "run_id", "kind", "path", "awaited_id", "body")
      SELECT "tenant", "run_id", 'event', "path", "id", $3::jsonb FROM "step_wait" WHERE "tenant" = $1 AND "key" = $2`,
      [tenant, key, JSON.stringify(payload)],
    ),
  )
  return rowCount ?? 0
}
