import { insertLogLines } from '../task/store/append-log.ts'
import { readOwnAttempts } from '../task/store/attempts.ts'
import { noteRequest } from '../task/store/worker-requests.ts'
import type { Actor, Engine } from './engine.ts'
import { fieldsText, type LogEntry } from './log-entry.ts'
import { transact } from './transact.ts'

export interface LeasedLine extends Omit<LogEntry, 'attempt'> {
  /** The epoch of the lease under which it was said. */
  readonly epoch: number
}

export interface AppendLeasedLog {
  /** uuid */
  readonly workerId: string
  /** The same when the lines are sent again because the answer was lost: then they are not written twice. */
  readonly requestId?: string
  readonly lines: readonly LeasedLine[]
}

/**
 * Appends lines to the logs of tasks that a worker over the graph has, or had, under a lease.
 *
 * @returns ids of the tasks that it had not under that epoch: their lines were left out
 */
export async function appendLeasedLog(
  engine: Engine,
  { tenant }: Actor,
  { workerId, requestId, lines }: AppendLeasedLog,
): Promise<string[]> {
  if (lines.length === 0) return []
  const taskIds = [...new Set(lines.map(({ taskId }) => taskId))]
  const foreign = await transact(engine, async (client) => {
    const attempts = await readOwnAttempts(client, tenant, workerId, taskIds)
    const rows = lines.flatMap(({ epoch, fields, ...line }) => {
      const attempt = attempts.get(`${line.taskId} ${epoch}`)
      return attempt === undefined ? [] : [{ ...line, tenant, attempt, fields: fieldsText(fields) }]
    })
    const isNew =
      requestId === undefined || (await noteRequest(client, { tenant, workerId, requestId: `log ${requestId}` }))
    if (isNew) await insertLogLines(client, rows)
    const strange = lines.filter(({ taskId, epoch }) => !attempts.has(`${taskId} ${epoch}`))
    return [...new Set(strange.map(({ taskId }) => taskId))]
  })
  for (const taskId of taskIds) engine.channel.publish(`log:${taskId}`)
  return foreign
}
