import type { ClientBase } from 'pg'
import { arrayOf, type BatchColumn, insertBatch, prepared } from '../../infra/row-batch.ts'
import type { OpenWait, WaitOutcome } from '../wait.ts'

/** Which open waits of a key to read. */
export interface WaitPage {
  readonly key: string
  /** uuid of the last one looked at; null at first. */
  readonly after: string | null
  /** Only those that were open at this time; null: all. */
  readonly openSince: Date | null
  readonly limit: number
}

/** Open waits of tasks for the events of a key, in the order of their ids. Takes no locks. Index: event_wait_open_idx. */
export async function readOpenWaits(
  client: ClientBase,
  tenant: string,
  { key, after, openSince, limit }: WaitPage,
): Promise<OpenWait[]> {
  const { rows } = await client.query<OpenWait>({
    name: 'read-open-waits',
    text: `SELECT "id", "task_id" AS "taskId", "epoch", "condition" FROM "event_wait"
      WHERE "tenant" = $1 AND "key" = $2 AND "ended_at" IS NULL AND "id" > $3 AND "task_id" IS NOT NULL
        AND ($4::timestamptz IS NULL OR "since" <= $4)
      ORDER BY "id" LIMIT $5`,
    values: [tenant, key, after ?? NO_ID, openSince, limit],
  })
  return rows
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

/** A wait to write: open, or answered in the moment it was asked for. */
export interface NewWait {
  /** uuid */
  readonly id: string
  readonly key: string
  readonly condition: string | null
  /** uuid of the task */
  readonly taskId: string
  readonly epoch: number
  /** uuid of the event that had come before; null for an open wait. */
  readonly answeredBy: string | null
}

/** Writes waits of tasks whose locks the caller holds. */
export async function insertWaits(
  client: ClientBase,
  tenant: string,
  waits: readonly NewWait[],
  now: Date,
): Promise<void> {
  if (waits.length === 0) return
  const columns: readonly BatchColumn<NewWait>[] = [
    { name: 'tenant', type: 'text', of: () => tenant },
    { name: 'id', type: 'uuid', of: (wait) => wait.id },
    { name: 'key', type: 'text', of: (wait) => wait.key },
    { name: 'condition', type: 'text', of: (wait) => wait.condition },
    { name: 'task_id', type: 'uuid', of: (wait) => wait.taskId },
    { name: 'epoch', type: 'int', of: (wait) => wait.epoch },
    { name: 'since', type: 'timestamptz', of: () => now },
    { name: 'ended_at', type: 'timestamptz', of: ({ answeredBy }) => (answeredBy === null ? null : now) },
    { name: 'outcome', type: 'wait_outcome', of: ({ answeredBy }) => (answeredBy === null ? null : 'ANSWERED') },
    { name: 'event_id', type: 'uuid', of: ({ answeredBy }) => answeredBy },
  ]
  await client.query(insertBatch('event_wait', columns, waits))
}

/** Waits that end in the same way. */
export interface EndedWaits {
  /** uuids of the tasks, whose locks the caller holds */
  readonly taskIds: readonly string[]
  readonly outcome: WaitOutcome
  /** uuid of the event that answered them */
  readonly eventId: string | null
}

/** Ends the open waits of tasks. Index: event_wait_open_task_idx. */
export async function endWaits(
  client: ClientBase,
  tenant: string,
  { taskIds, outcome, eventId }: EndedWaits,
  now: Date,
): Promise<void> {
  await client.query(
    prepared(
      `UPDATE "event_wait" SET "ended_at" = $3, "outcome" = $4, "event_id" = $5
      WHERE "tenant" = $1 AND "task_id" = ANY ($2::uuid[]) AND "task_id" IS NOT NULL AND "ended_at" IS NULL`,
      [tenant, arrayOf('uuid', taskIds), now, outcome, eventId],
    ),
  )
}
