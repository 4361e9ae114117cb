import type { Pool, PoolClient } from 'pg'
import type { EventKind, NewTaskEvent } from '../../src/event/event.ts'
import { appendEvents } from '../../src/event/store/append-events.ts'
import { withTransaction } from '../../src/infra/with-transaction.ts'
import { TASK_STATUSES, type TaskStatus } from '../../src/task/status.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { below, pick, type Random } from './random.ts'

/** Tasks that writers fight over. */
export interface Contested {
  readonly tenant: string
  readonly id: string
  readonly type: string
}

export const TENANTS = ['north', 'south']
export const TYPES = ['dig', 'fill']
const KINDS = ['TaskReady', 'TaskStarted', 'TaskCompleted'] as const satisfies EventKind[]

/** Makes tasks that stand still except for what the writers do to their version. */
export async function addContested(
  db: Pool,
  count: number,
  tenants: readonly string[] = TENANTS,
): Promise<Contested[]> {
  const tasks = Array.from({ length: count }, (_, n) => ({
    tenant: tenants[n % tenants.length]!,
    id: newUuid(),
    type: TYPES[(n >> 1) % TYPES.length]!,
  }))
  await db.query(
    `INSERT INTO task_type (tenant, name) SELECT tenant, name FROM unnest($1::text[]) tenant, unnest($2::text[]) name
     ON CONFLICT DO NOTHING`,
    [tenants, TYPES],
  )
  await db.query(
    `INSERT INTO task (tenant, id, name, type, status, paused_from, version)
     SELECT tenant, id, 'contested', type, 'PAUSED', 'READY', 1 FROM unnest($1::text[], $2::uuid[], $3::text[]) AS t (tenant, id, type)`,
    [tasks.map((task) => task.tenant), tasks.map((task) => task.id), tasks.map((task) => task.type)],
  )
  return tasks
}

export interface WriterOptions {
  readonly db: Pool
  readonly tasks: readonly Contested[]
  readonly transactions: number
  readonly random: Random
  /** Called after each commit. */
  readonly ring: () => void
  /** Ends the writer before all its transactions are done. */
  readonly isOver?: () => boolean
  /** Keeps the writer at it, after all its transactions, until it says true. */
  readonly mayEnd?: () => boolean
  /** Awaited before each transaction. */
  readonly pace?: () => Promise<void>
  /** How ids are drawn and events written; the planted bug puts its own here. Default: appended after the last lock. */
  readonly write?: (client: PoolClient, lock: () => Promise<NewTaskEvent[]>) => Promise<void>
}

/** A rollback on purpose. */
class ChangedMyMind extends Error {}

/**
 * One writer after the other's locks: each transaction changes one to four tasks in the order of their ids, waits a while in between
 * now and then, appends one to three events a task, and rolls back one time in ten. A database that is away is waited for.
 */
export async function runWriter(options: WriterOptions): Promise<void> {
  const {
    db,
    random,
    transactions,
    ring,
    isOver = () => false,
    mayEnd = () => true,
    pace,
    write = appendLast,
  } = options
  for (let done = 0; (done < transactions || !mayEnd()) && !isOver(); done++) {
    await pace?.()
    try {
      await withTransaction(db, async (client) => {
        await write(client, () => changeTasks(client, options))
        // A commit that takes its time: the ids are drawn, others overtake.
        if (random() < 0.1) await client.query('SELECT pg_sleep($1)', [random() * 0.02])
        if (random() < 0.1) throw new ChangedMyMind()
      })
      ring()
    } catch (error) {
      // What a crash took away is not in the log either: the log is what readers are compared with.
      if (!(error instanceof ChangedMyMind)) await untilBack(db)
    }
  }
}

async function appendLast(client: PoolClient, lock: () => Promise<NewTaskEvent[]>): Promise<void> {
  await appendEvents(client, await lock())
}

async function changeTasks(client: PoolClient, { tasks, random }: WriterOptions): Promise<NewTaskEvent[]> {
  const chosen = new Set(Array.from({ length: 1 + below(random, 4) }, () => pick(random, tasks)))
  const events: NewTaskEvent[] = []
  for (const { tenant, id, type } of [...chosen].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const count = 1 + below(random, 3)
    const { rows } = await client.query<{ version: number }>({
      name: 'change-contested',
      text: 'UPDATE task SET version = version + $3 WHERE tenant = $1 AND id = $2 RETURNING version',
      values: [tenant, id, count],
    })
    // Tasks are made with version 1, for which there is no event.
    const first = rows[0]!.version - 1 - count
    for (let n = 1; n <= count; n++) {
      const status: TaskStatus = pick(random, TASK_STATUSES)
      const kind = KINDS[(first + n) % KINDS.length]!
      const about = { tenant, taskId: id, taskType: type, kind, status, version: first + n }
      events.push({ ...about, attempt: null, actor: null, payload: null })
    }
    if (random() < 0.2) await client.query('SELECT pg_sleep($1)', [random() < 0.1 ? 0.1 : random() * 0.004])
  }
  return events
}

async function untilBack(db: Pool): Promise<void> {
  for (;;) {
    try {
      await db.query('SELECT pg_sleep(0.01)')
      return
    } catch {
      await new Promise(setImmediate)
    }
  }
}
