import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'

const KEY_NAME = 'callback'

/**
 * The key that call-back URLs are made with: the installation's own.
 *
 * @param fresh 32 random bytes, which become the key where there is none yet
 */
export async function readCallbackKey(client: ClientBase, fresh: Buffer): Promise<Buffer> {
  await client.query('INSERT INTO "shared_key" ("name", "value") VALUES ($1, $2) ON CONFLICT ("name") DO NOTHING', [
    KEY_NAME,
    fresh,
  ])
  const { rows } = await client.query<{ value: Buffer }>('SELECT "value" FROM "shared_key" WHERE "name" = $1', [
    KEY_NAME,
  ])
  return rows[0]!.value
}

/**
 * The step that awaits a call-back which has not come, or null.
 *
 * Locks: its row, so that of two calls one is first; whoever steps the run writes it under the run's lock, which is never asked for here.
 * Indexes: step_run_awaited_idx, run_inbox_run_idx.
 */
export async function lockAwaitingStep(
  client: ClientBase,
  tenant: string,
  awaitedId: string,
): Promise<{ readonly runId: string; readonly path: string } | null> {
  const { rows } = await client.query<{ run_id: string; path: string }>(
    prepared(
      `SELECT s."run_id", s."path" FROM "step_run" AS s
      WHERE s."tenant" = $1 AND s."awaited_id" = $2 AND s."awaited_id" IS NOT NULL AND s."type" = 'WEBHOOK'
        AND s."finished_at" IS NULL AND s."ending" IS NULL AND NOT s."is_called_back"
      FOR NO KEY UPDATE OF s`,
      [tenant, awaitedId],
    ),
  )
  const step = rows[0]
  if (step === undefined) return null
  // A statement of its own: it sees what the one that held the lock before has written.
  const { rows: told } = await client.query(
    prepared(
      `SELECT FROM "run_inbox" AS i
      WHERE i."tenant" = $1 AND i."run_id" = $2 AND i."kind" = 'callback' AND i."awaited_id" = $3 LIMIT 1`,
      [tenant, step.run_id, awaitedId],
    ),
  )
  return told.length > 0 ? null : { runId: step.run_id, path: step.path }
}
