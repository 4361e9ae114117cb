import { z } from 'zod'
import type { LeasedLine } from '../../engine/append-leased-log.ts'
import type { JsonValue } from '../../task/json.ts'
import { storableText } from '../../task/storable-text.ts'
import { builder } from '../builder.ts'
import { invalid } from '../invalid-input.ts'
import type { InputFields } from './end-inputs.ts'

/** How grave a line of a log is. */
export const LineLevelEnum = builder.enumType('LineLevel', {
  description: 'How grave a line of a log is.',
  values: {
    DEBUG: { value: 'debug', description: 'For those who look for a fault.' },
    INFO: { value: 'info', description: 'What happens; the default.' },
    WARN: { value: 'warn', description: 'Something is not as it should be.' },
    ERROR: { value: 'error', description: 'Something failed.' },
  } as const,
})

/** The fields of a report of progress. */
export const progressFields = (t: InputFields) => ({
  fraction: t.float({
    required: true,
    description: 'Done so far, from 0 to 1.',
    validate: z.number().min(0, 'is negative').max(1, 'is more than 1: 1 is all of it'),
  }),
  message: t.string({ description: 'What it is doing; 1,000 characters are kept.' }),
})

/** The fields of a line of a log. */
export const lineFields = (t: InputFields) => ({
  level: t.field({ type: LineLevelEnum, description: 'How grave it is; INFO when absent.' }),
  message: t.string({ required: true, description: 'What is said; 10,000 characters are kept.' }),
  fields: t.field({ type: 'JSON', description: 'More about it: one object, at most 16 KB.' }),
})

interface LineInput {
  readonly level?: LeasedLine['level'] | null | undefined
  readonly message: string
  readonly fields?: JsonValue | null | undefined
}

/** @throws InvalidInput when the fields are no object */
export function lineOf(
  { level, message, fields }: LineInput,
  lease: { readonly taskId: string; readonly epoch: number },
  path: readonly (string | number)[],
): LeasedLine {
  if (fields != null && (typeof fields !== 'object' || Array.isArray(fields))) {
    throw invalid([...path, 'fields'], 'is not an object, like {"bytes": 3}')
  }
  return {
    ...lease,
    level: level ?? 'info',
    message: storableText(message, 10_000),
    fields: (fields ?? null) as Record<string, JsonValue> | null,
  }
}

/** Text of a report of progress as it is kept. */
export function progressMessageOf(message: string | null | undefined): string | null {
  return message == null ? null : storableText(message, 1_000)
}
