import type { Pool } from 'pg'
import { newUuid } from '../../src/task/type-id.ts'

/** Makes a task type known. */
export async function addTaskType(
  pool: Pool,
  name: string,
  fields: { tenant?: string; inputSchema?: object } = {},
): Promise<void> {
  await pool.query('INSERT INTO task_type (tenant, name, input_schema) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    fields.tenant ?? 'default',
    name,
    fields.inputSchema === undefined ? null : JSON.stringify(fields.inputSchema),
  ])
}

export interface TaskRow {
  readonly tenant?: string
  readonly id?: string
  readonly name?: string
  readonly type?: string
  readonly status?: string
  readonly [column: string]: unknown
}

/** Writes a task straight into the table, READY unless it says otherwise; returns its uuid. */
export async function addTask(pool: Pool, row: TaskRow = {}): Promise<string> {
  const status = row.status ?? 'READY'
  const isFinished = ['COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED'].includes(status)
  const columns: Record<string, unknown> = {
    id: newUuid(),
    name: 'a task',
    type: 'custom',
    status,
    ...(status === 'READY' && { ready_at: new Date(), is_claimable: true, order_key: 1 }),
    ...(isFinished && { finished_at: new Date() }),
    ...(status === 'FAILED' && { error: JSON.stringify({ code: 'X', message: 'x', retryable: false, attempt: 1 }) }),
    ...row,
  }
  const names = Object.keys(columns)
  await pool.query(
    `INSERT INTO task (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(columns),
  )
  return columns.id as string
}

/** Signs a worker on; returns its uuid. */
export async function addWorker(
  pool: Pool,
  types: string[],
  fields: { tenant?: string; heartbeatAt?: Date } = {},
): Promise<string> {
  const id = newUuid()
  await pool.query(
    `INSERT INTO worker (tenant, id, name, host, types, slots, lease_ms, heartbeat_at) VALUES ($1, $2, 'w', 'h', $3, 10, 30000, $4)`,
    [fields.tenant ?? 'default', id, types, fields.heartbeatAt ?? new Date()],
  )
  return id
}
