import { dropPartitionsBefore, ensurePartitions } from '../retention/store.ts'
import type { Engine } from './engine.ts'

/** Days for which partitions stand ready: a process that is away this long finds the log as it left it. */
const DAYS_AHEAD = 7
const DAY_MS = 86_400_000

/** Makes the partitions of the coming days, and drops those whose events are past their time. */
export async function maintainPartitions(
  { db }: Pick<Engine, 'db'>,
  rule: { readonly eventRetentionDays: number; readonly now: Date },
): Promise<void> {
  await ensurePartitions(db, rule.now, DAYS_AHEAD)
  await dropPartitionsBefore(db, new Date(rule.now.getTime() - rule.eventRetentionDays * DAY_MS))
}
