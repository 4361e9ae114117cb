import type { JsonValue } from '../task/json.ts'
import { toJsonText } from '../task/json-text.ts'

/** Bytes of JSON that the fields of one line may take; longer ones are left out. */
const MAX_FIELDS_BYTES = 16_384

/** One line of a task's log. */
export interface LogEntry {
  /** uuid */
  readonly taskId: string
  readonly attempt: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Record<string, JsonValue> | null
}

/** The fields of a line as JSON text; what cannot be kept is named instead. */
export function fieldsText(fields: LogEntry['fields']): string | null {
  if (fields === null) return null
  const json = toJsonText(fields, MAX_FIELDS_BYTES)
  return json.ok ? json.text : JSON.stringify({ omitted: json.refusal.kind })
}
