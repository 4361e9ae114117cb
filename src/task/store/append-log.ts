import type { ClientBase } from 'pg'
import { type BatchColumn, insertBatch } from '../../infra/row-batch.ts'

/** One line that a handler wrote. */
export interface LogRow {
  readonly tenant: string
  /** uuid */
  readonly taskId: string
  readonly attempt: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  /** JSON text */
  readonly fields: string | null
}

const COLUMNS: readonly BatchColumn<LogRow>[] = [
  { name: 'tenant', type: 'text', of: (row) => row.tenant },
  { name: 'task_id', type: 'uuid', of: (row) => row.taskId },
  { name: 'attempt', type: 'int', of: (row) => row.attempt },
  { name: 'level', type: 'text', of: (row) => row.level },
  { name: 'message', type: 'text', of: (row) => row.message },
  { name: 'fields', type: 'jsonb', of: (row) => row.fields },
]

/** Appends log lines in the order given; takes no locks. */
export async function insertLogLines(client: Pick<ClientBase, 'query'>, rows: readonly LogRow[]): Promise<void> {
  if (rows.length > 0) await client.query(insertBatch('task_log', COLUMNS, rows))
}
