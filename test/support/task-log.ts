import { EventEmitter, once } from 'node:events'
import type { Pool } from 'pg'
import type { EventReader, LineBatch } from '../../src/graph/event/event-reader.ts'

/** A reader of task logs that is as simple as one writer at a time allows, and the pen to write with. */
export interface TestLog extends Pick<EventReader, 'readLog' | 'openLog'> {
  write(taskId: string, message: string): Promise<void>
}

export function openTestLog(pool: Pool): TestLog {
  const written = new EventEmitter().setMaxListeners(0)

  async function read(taskId: string, after: string | undefined, first: number): Promise<LineBatch> {
    const { rows } = await pool.query(
      'SELECT id, at, attempt, level, message, fields FROM task_log WHERE task_id = $1 AND id > $2 ORDER BY id LIMIT $3',
      [taskId, after ?? 0, first],
    )
    const lines = rows.map((row) => ({ ...row, id: String(row.id) }))
    return { kind: 'batch', lines, cursor: lines.at(-1)?.id ?? after ?? '0', caughtUp: lines.length < first }
  }

  return {
    readLog: ({ taskId, after, first }) => read(taskId, after, first),
    async *openLog({ taskId, after, signal }) {
      for (let from = after; !signal.aborted; ) {
        const more = once(written, 'line', { signal }).catch(() => undefined)
        const batch = await read(taskId, from, 100)
        if (batch.lines.length > 0) yield batch
        else await more
        from = batch.cursor
      }
    },
    async write(taskId, message) {
      await pool.query(`INSERT INTO task_log (task_id, attempt, level, message) VALUES ($1, 1, 'info', $2)`, [
        taskId,
        message,
      ])
      written.emit('line')
    },
  }
}
