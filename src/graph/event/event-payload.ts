import type { LoggedEvent } from './event-reader.ts'

/** What an event carries besides its columns. */
export function payloadOf({ payload }: LoggedEvent): { readonly [field: string]: unknown } {
  return payload ?? {}
}

/** A text of it; null when there is none. */
export function textOf(event: LoggedEvent, field: string): string | null {
  const value = payloadOf(event)[field]
  return typeof value === 'string' ? value : null
}

/** A time of it; null when there is none. */
export function timeOf(event: LoggedEvent, field: string): Date | null {
  const text = textOf(event, field)
  return text === null ? null : new Date(text)
}
