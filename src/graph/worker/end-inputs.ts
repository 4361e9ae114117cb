import { z } from 'zod'
import type { AttemptEnd } from '../../engine/attempt-end.ts'
import type { JsonValue } from '../../task/json.ts'
import { toJsonText } from '../../task/json-text.ts'
import { MAX_JSON_BYTES } from '../../task/new-task.ts'
import { storableText } from '../../task/storable-text.ts'
import { checkWait } from '../../wait/check-wait.ts'
import { builder } from '../builder.ts'
import { InvalidInput, invalid } from '../invalid-input.ts'

/** What adds fields to an input. */
export type InputFields = Parameters<Parameters<typeof builder.inputType>[1]['fields']>[0]

const LONGEST_RELEASE_MS = 2 ** 31 - 1

/** The fields that say how an attempt ended, of the input of a batch and of that of one task. */
export const completionFields = (t: InputFields) => ({
  output: t.field({
    type: 'JSON',
    description: 'What came of it: JSON of at most 1 MB that fits the output schema of the type.',
  }),
})

/** How an attempt succeeded, in a batch. */
export const CompletionInput = builder.inputType('CompletionInput', {
  description: 'That an attempt succeeded.',
  fields: completionFields,
})

export const failureFields = (t: InputFields) => ({
  code: t.string({
    required: true,
    description: 'Stable, UPPER_SNAKE_CASE, 1 to 200 characters; retry policies can name it.',
    validate: z.string().min(1, 'is empty: give a code like HANDLER_ERROR').max(200, 'is longer than 200 characters'),
  }),
  message: t.string({
    required: true,
    description: 'What happened, for people; 10,000 characters are kept.',
  }),
  stack: t.string({ description: 'Where it happened; 20,000 characters are kept.' }),
  retryable: t.boolean({ description: 'Whether another attempt could help; yes when absent.' }),
  retryAfter: t.field({
    type: 'Duration',
    description: 'No retry comes earlier; at most the longest delay of the retry policy counts.',
    validate: z.number().min(0, 'is negative').max(LONGEST_RELEASE_MS, 'is longer than 24 days'),
  }),
})

/** Why an attempt failed, in a batch. */
export const FailureInput = builder.inputType('FailureInput', {
  description: 'That an attempt failed, and why.',
  fields: failureFields,
})

export const releaseFields = (t: InputFields) => ({
  reason: t.string({ description: 'Why; 1,000 characters are kept.' }),
  delay: t.field({
    type: 'Duration',
    description: 'How long nobody gets it; at once when absent.',
    validate: z.number().min(0, 'is negative').max(LONGEST_RELEASE_MS, 'is longer than 24 days'),
  }),
})

/** That a task goes back, in a batch. */
export const ReleaseInput = builder.inputType('ReleaseInput', {
  description: 'That a task goes back to the queue unfinished. It does not count as a failure.',
  fields: releaseFields,
})

export const parkFields = (t: InputFields) => ({
  until: t.field({ type: 'DateTime', description: 'Then it goes on, whatever has come.' }),
  timeout: t.field({ type: 'Duration', description: 'The same, counted from now; the earlier one counts.' }),
  key: t.string({ description: 'Key of the event that it waits for, 1 to 500 characters: `sendEvent` names it.' }),
  condition: t.string({
    description:
      'CEL over `payload`, `key` and `sender` of the event: one that it does not hold for is passed by. At most 4,000 characters.',
  }),
  lookBack: t.field({
    type: 'Duration',
    description:
      'Events that came up to so long before are taken too, the earliest first, each once by a task; none when absent.',
  }),
})

/** That a task is parked, in a batch. */
export const ParkInput = builder.inputType('ParkInput', {
  description: 'That a task waits without a worker until a time or an event from outside, whichever comes first.',
  fields: parkFields,
})

type Path = readonly (string | number)[]

/** @throws InvalidInput when the output cannot be kept */
export function completionOf({ output }: { output?: JsonValue | null | undefined }, path: Path): AttemptEnd {
  if (output === undefined) return { kind: 'complete', output: null }
  const json = toJsonText(output, MAX_JSON_BYTES)
  if (json.ok) return { kind: 'complete', output: json.text }
  const { refusal } = json
  throw invalid(
    [...path, 'output'],
    refusal.kind === 'too_large'
      ? `takes ${refusal.bytes} bytes of JSON; ${refusal.limit} are kept at most. Store it elsewhere and return where.`
      : `cannot be kept as JSON: ${refusal.why}`,
  )
}

/** The end of an attempt that failed. */
export function failureOf({
  code,
  message,
  stack,
  retryable,
  retryAfter,
}: typeof FailureInput.$inferInput): AttemptEnd {
  return {
    kind: 'fail',
    outcome: 'FAILED',
    error: {
      code: storableText(code, 200),
      message: storableText(message, 10_000) || 'The worker gave no message.',
      ...(stack != null && { stack: storableText(stack, 20_000) }),
      retryable: retryable ?? true,
      ...(retryAfter != null && { retryAfterMs: Math.round(retryAfter) }),
      // The engine puts in which attempt it was.
      attempt: 0,
    },
  }
}

/** The end of an attempt that was given up. */
export function releaseOf({ reason, delay }: typeof ReleaseInput.$inferInput): AttemptEnd {
  return {
    kind: 'release',
    reason: reason == null ? null : storableText(reason, 1_000),
    delayMs: Math.round(delay ?? 0),
  }
}

/** @throws InvalidInput when it names neither a time nor a key, or what cannot be waited for */
export function parkOf(
  { until, timeout, key, condition, lookBack }: typeof ParkInput.$inferInput,
  path: Path,
): AttemptEnd {
  if (until == null && timeout == null && key == null)
    throw invalid([...path, 'until'], 'is missing: give a time, a key, or both')
  const asked = {
    ...(timeout != null && { timeoutMs: Math.round(timeout) }),
    ...(condition != null && { condition }),
    ...(lookBack != null && { lookBackMs: Math.round(lookBack) }),
  }
  const issues = checkWait({ ...asked, ...(key != null && { key }) })
  if (issues.length > 0)
    throw new InvalidInput(issues.map(({ field, message }) => ({ path: [...path, FIELDS[field]], message })))
  return { kind: 'park', park: { until: until ?? null, waitKey: key ?? null, ...asked } }
}

const FIELDS = { key: 'key', condition: 'condition', timeoutMs: 'timeout', lookBackMs: 'lookBack' } as const
