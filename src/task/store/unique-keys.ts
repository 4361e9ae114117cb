import type { ClientBase } from 'pg'
import type { UniqueMode } from '../unique.ts'

/** What a unique key is found by. */
export interface UniqueKey {
  readonly tenant: string
  readonly type: string
  readonly mode: UniqueMode
  readonly key: string
}

/** Whom a key that was taken before stands for, and the database's clock. */
export interface TakenKey {
  readonly taskId: string
  readonly since: Date
  readonly now: Date
}

/**
 * Takes a key for a new task, or answers whom it stands for. Either way it is this transaction's until that ends.
 *
 * Locks: the key; a rival with the same key waits until this transaction has ended, and then sees its outcome.
 */
export async function takeUniqueKey(
  client: ClientBase,
  { tenant, type, mode, key }: UniqueKey,
  taskId: string,
): Promise<TakenKey | null> {
  for (;;) {
    const taken = await client.query(
      `INSERT INTO "task_unique_key" ("tenant", "type", "mode", "key", "task_id", "since")
      VALUES ($1, $2, $3, $4, $5, clock_timestamp()) ON CONFLICT DO NOTHING`,
      [tenant, type, mode, key, taskId],
    )
    if (taken.rowCount === 1) return null
    const { rows } = await client.query<TakenKey>(
      `SELECT k."task_id" AS "taskId", k."since", date_trunc('milliseconds', clock_timestamp()) AS "now"
      FROM "task_unique_key" AS k WHERE k."tenant" = $1 AND k."type" = $2 AND k."mode" = $3 AND k."key" = $4 FOR UPDATE`,
      [tenant, type, mode, key],
    )
    // Gone again between the two statements: its task has just been removed.
    if (rows[0] !== undefined) return rows[0]
  }
}

/** Lets a key that this transaction holds stand for a new task. Index: task_unique_key_pkey. */
export async function passUniqueKey(
  client: ClientBase,
  { tenant, type, mode, key }: UniqueKey,
  taskId: string,
): Promise<void> {
  await client.query(
    `UPDATE "task_unique_key" SET "task_id" = $5, "since" = clock_timestamp()
    WHERE "tenant" = $1 AND "type" = $2 AND "mode" = $3 AND "key" = $4`,
    [tenant, type, mode, key, taskId],
  )
}
