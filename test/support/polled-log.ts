import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { EventReader, LineBatch, LoggedLine } from '../../src/graph/event/event-reader.ts'

const POLL_MS = 20

/** The logs of tasks by asking again and again: for tests of what stands above them. */
export function polledLog(db: Pool): Pick<EventReader, 'readLog' | 'openLog'> {
  const readLog = async ({ taskId, after = '0', first }: { taskId: string; after?: string; first: number }) => {
    const { rows } = await db.query<LoggedLine>(
      'SELECT id::text, at, attempt, level, message, fields FROM task_log WHERE task_id = $1 AND id > $2 ORDER BY id LIMIT $3',
      [taskId, after, first],
    )
    const batch: LineBatch = {
      kind: 'batch',
      lines: rows,
      cursor: rows.at(-1)?.id ?? after,
      caughtUp: rows.length < first,
    }
    return batch
  }
  return {
    readLog,
    async *openLog({ taskId, after = '0', signal }) {
      let cursor = after
      while (!signal.aborted) {
        const { rows } = await db.query('SELECT finished_at FROM task WHERE id = $1', [taskId])
        const batch = await readLog({ taskId, after: cursor, first: 100 })
        if (batch.lines.length > 0) yield batch
        else if (rows[0]?.finished_at != null) return
        else await delay(POLL_MS)
        cursor = batch.cursor
      }
    },
  }
}
