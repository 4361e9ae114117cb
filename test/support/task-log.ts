import type { Pool } from 'pg'
import { appendLog } from '../../src/engine/append-log.ts'
import type { Channel } from '../../src/infra/channel/channel.ts'

/** The pen of a handler. */
export interface TestLog {
  write(taskId: string, message: string): Promise<void>
}

export function openTestLog(db: Pool, channel: Channel): TestLog {
  return {
    write: (taskId, message) =>
      appendLog({ db, channel }, { tenant: 'default', name: 'test' }, [
        { taskId, attempt: 1, level: 'info', message, fields: null },
      ]),
  }
}
