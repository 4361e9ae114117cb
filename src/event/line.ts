import type { JsonValue } from '../task/json.ts'

/** One line of a task's log. */
export interface LogLine {
  readonly id: number
  readonly at: Date
  readonly attempt: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: JsonValue
}
