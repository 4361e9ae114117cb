import { GraphQLError, valueFromASTUntyped } from 'graphql'
import type { JsonValue } from '../task/json.ts'
import { parseDateTime } from '../text/date-time.ts'
import { formatDuration, parseDuration } from '../text/duration.ts'
import { builder } from './builder.ts'

const CURSOR = /^[A-Za-z0-9_-]{1,32768}$/

builder.scalarType('DateTime', {
  description:
    'An instant in RFC 3339, `2026-01-31T12:00:00.000Z`. Any offset is taken; answers are in UTC, to the millisecond.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  serialize: (value) => value.toISOString(),
  parseValue: (value) =>
    parsed('DateTime', value, parseDateTime, 'a date and time with an offset, like 2026-01-31T12:00:00Z'),
})

builder.scalarType('Duration', {
  description:
    'A length of time in ISO 8601, `PT30S` or `P1DT12H`: weeks, days, hours, minutes, seconds; to the millisecond.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#appendix-A',
  serialize: (value) => formatDuration(value),
  parseValue: (value) =>
    parsed(
      'Duration',
      value,
      parseDuration,
      'an ISO 8601 duration in weeks, days, hours, minutes or seconds, like PT30S',
    ),
})

builder.scalarType('JSON', {
  description: 'Any JSON value: object, list, string, number, boolean or null.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  serialize: (value) => value,
  parseValue: (value) => value as JsonValue,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables) as JsonValue,
})

builder.scalarType('Cursor', {
  description: 'An opaque position in the event log. Keep it as it is; give it back as `after` to go on from there.',
  serialize: (value) => value,
  parseValue: (value) =>
    parsed('Cursor', value, (text) => (CURSOR.test(text) ? text : null), 'a cursor as this server gave it out'),
})

function parsed<T>(scalar: string, value: unknown, parse: (text: string) => T | null, expected: string): T {
  const result = typeof value === 'string' ? parse(value) : null
  if (result === null) {
    const shown = JSON.stringify(value)?.slice(0, 80) ?? String(value)
    throw new GraphQLError(`${scalar} cannot be ${shown}: expected ${expected}.`, {
      extensions: { code: 'BAD_USER_INPUT' },
    })
  }
  return result
}
