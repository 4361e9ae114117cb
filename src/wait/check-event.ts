import type { JsonValue } from '../task/json.ts'
import { toJsonText } from '../task/json-text.ts'
import type { InputIssue } from '../task/refusal.ts'
import { problemOfKey } from './check-wait.ts'

/** Bytes of JSON that the payload of an event may take. */
export const MAX_PAYLOAD_BYTES = 262_144

/** An event as it is sent. */
export interface NewEventFromOutside {
  /** 1 to 500 characters */
  readonly key: string
  /** At most {@link MAX_PAYLOAD_BYTES}. Default: null. */
  readonly payload?: JsonValue
  /** The sender's own id, 1 to 500 characters: the same twice is one event. */
  readonly id?: string
}

/** The payload as JSON text, and everything wrong with the event: empty when it can be taken. */
export function checkEvent({ key, payload = null, id }: NewEventFromOutside): {
  readonly issues: readonly InputIssue[]
  readonly payloadText: string
} {
  const issues: InputIssue[] = []
  const report = (field: string, message: string | null): void => {
    if (message !== null) issues.push({ path: [field], message })
  }
  report('key', problemOfKey(key))
  if (id !== undefined) report('id', problemOfKey(id))
  const json = toJsonText(payload, MAX_PAYLOAD_BYTES)
  if (json.ok) return { issues, payloadText: json.text }
  const { refusal } = json
  report(
    'payload',
    refusal.kind === 'too_large'
      ? `takes ${refusal.bytes} bytes of JSON; ${refusal.limit} are taken at most. Store it elsewhere and send where.`
      : `cannot be kept as JSON: ${refusal.why}`,
  )
  return { issues, payloadText: 'null' }
}
