import type { Log } from '../retention/store/horizon.ts'
import { dropPartitionsBefore, ensurePartitions } from '../retention/store/partitions.ts'
import type { Engine } from './engine.ts'

/** Days for which partitions stand ready: a process that is away this long finds the log as it left it. */
const DAYS_AHEAD = 7

/** How long each log is kept, in milliseconds. */
export type LogRule = Readonly<Record<Log, number>>

/**
 * Makes the partitions of the coming days, and drops those whose rows are all past their time.
 *
 * @returns names of days that have to wait because somebody holds the table: try again soon
 */
export async function maintainPartitions(
  { db }: Pick<Engine, 'db'>,
  { keepMs, now }: { readonly keepMs: LogRule; readonly now: Date },
): Promise<string[]> {
  await ensurePartitions(db, now, DAYS_AHEAD)
  const drops = []
  for (const log of ['event', 'task_log'] as const) {
    drops.push(...(await dropPartitionsBefore(db, log, new Date(now.getTime() - keepMs[log]))))
  }
  return drops.flatMap(({ name, isDone }) => (isDone ? [] : [name]))
}
