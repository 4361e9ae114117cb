import type { JsonValue } from '../task/json.ts'
import type { TaskResources } from '../task/resources.ts'
import type { RetryPolicy } from '../task/retry.ts'
import type { TaskPriority } from '../task/status.ts'
import type { TaskTimeouts } from '../task/task-state.ts'
import { encodeTypeId } from '../task/type-id.ts'

/**
 * `task-mgmt/enqueue`: makes tasks within a transaction of your own, in the database that task-mgmt uses. A task exists exactly when your
 * rows do.
 *
 * @module
 */

/** A task to make. */
export interface EnqueuedTask {
  readonly name: string
  /** A type that a worker has registered. */
  readonly type: string
  /** At most 1 MB of JSON; checked against the schema of the type before the handler is called. */
  readonly input?: JsonValue
  readonly queue?: string
  readonly description?: string
  readonly priority?: TaskPriority
  /** Not to start before. */
  readonly scheduledFor?: Date
  readonly deadline?: Date
  readonly estimatedMs?: number
  readonly retry?: Partial<RetryPolicy>
  readonly timeouts?: Partial<TaskTimeouts>
  readonly resources?: TaskResources
  readonly tags?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly concurrencyKey?: string
  readonly rateKey?: string
  readonly fairnessKey?: string
  /** The same key with the same task answers with the one made the first time, for at least a day. */
  readonly idempotencyKey?: string
  /** Shown as its creator; `enqueue_task` when absent. */
  readonly createdBy?: string
  readonly tenant?: string
}

/** The connection of a transaction of `pg`: what `pool.connect()` gave, after its `BEGIN`. */
export interface PgTransaction {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

/** What `prisma.$transaction(async (tx) => …)` gives. */
export interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: unknown[]): PromiseLike<unknown>
}

/**
 * Makes a task within a transaction: it exists when that commits, and never was when it is rolled back.
 *
 * @returns its TypeID, `task_…`
 * @throws TypeError when given a pool of `pg`, which would commit at once
 * @throws the database's error, code 22023, when the task makes no sense, or 23505 when the idempotency key made another; your transaction is
 *   lost then, as after any error of a statement
 */
export async function enqueue(tx: PgTransaction | PrismaTransaction, task: EnqueuedTask): Promise<string> {
  const { name, type, input, ...options } = task
  const values = [name, type, input === undefined ? null : JSON.stringify(input), JSON.stringify(options)]
  const [row] = (await run(tx, values)) as { id: string }[]
  return encodeTypeId('task', row!.id)
}

const ENQUEUE = 'SELECT enqueue_task($1::text, $2::text, $3::jsonb, $4::jsonb)::text AS "id"'

async function run(tx: PgTransaction | PrismaTransaction, values: unknown[]): Promise<unknown> {
  if ('$queryRawUnsafe' in tx) return tx.$queryRawUnsafe(ENQUEUE, ...values)
  if ('totalCount' in tx)
    throw new TypeError(
      'enqueue() needs the client of your transaction, not the pool: call pool.connect() and BEGIN first.',
    )
  return (await tx.query(ENQUEUE, values)).rows
}
