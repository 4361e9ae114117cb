import { insertLogLines } from '../task/store/append-log.ts'
import type { Actor, Engine } from './engine.ts'
import { fieldsText, type LogEntry } from './log-entry.ts'

/** Appends lines to the logs of tasks. A log tells what was tried, so lines of an attempt that lost its lease stay. */
export async function appendLog(engine: Engine, actor: Actor, entries: readonly LogEntry[]): Promise<void> {
  await insertLogLines(
    engine.db,
    entries.map(({ taskId, attempt, level, message, fields }) => ({
      tenant: actor.tenant,
      taskId,
      attempt,
      level,
      message,
      fields: fieldsText(fields),
    })),
  )
  for (const taskId of new Set(entries.map((entry) => entry.taskId))) engine.channel.publish(`log:${taskId}`)
}
