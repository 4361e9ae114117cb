import type { JsonValue } from '../task/json.ts'
import { toJsonText } from '../task/json-text.ts'
import { insertLogLines } from '../task/store/append-log.ts'
import type { Actor, Engine } from './engine.ts'

/** Bytes of JSON that the fields of one line may take; longer ones are left out. */
const MAX_FIELDS_BYTES = 16_384

export interface LogEntry {
  /** uuid */
  readonly taskId: string
  readonly attempt: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Record<string, JsonValue> | null
}

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

function fieldsText(fields: Record<string, JsonValue> | null): string | null {
  if (fields === null) return null
  const json = toJsonText(fields, MAX_FIELDS_BYTES)
  return json.ok ? json.text : JSON.stringify({ omitted: json.refusal.kind })
}
