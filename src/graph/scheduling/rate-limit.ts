import { defaultBurst, type RateLimit } from '../../rate/check-rates.ts'
import { builder } from '../builder.ts'
import { type InputIssue, InvalidInput } from '../invalid-input.ts'

export const RateLimitRef = builder.objectRef<RateLimit>('RateLimit').implement({
  description:
    'How often tasks of a type, or with one rate key, may start; first attempts, retries and resumed ones count.',
  fields: (t) => ({
    type: t.string({
      nullable: true,
      description: 'Name of the task type; null for a rate of keys.',
      resolve: ({ scope, pattern }) => (scope === 'TYPE' ? pattern : null),
    }),
    keyPattern: t.string({
      nullable: true,
      description:
        'A rate key, or the beginning of rate keys followed by *; null for a rate of a type. Of several that fit, the longest counts, and each key has a bucket of its own.',
      resolve: ({ scope, pattern }) => (scope === 'KEY' ? pattern : null),
    }),
    tokens: t.exposeInt('tokens', { description: 'So many start in each interval.' }),
    interval: t.field({ type: 'Duration', description: 'The interval.', resolve: ({ intervalMs }) => intervalMs }),
    burst: t.exposeInt('burst', { description: 'So many may start at once after a rest.' }),
  }),
})

export const RateLimitInput = builder.inputType('RateLimitInput', {
  description: 'How often tasks of a type, or with one rate key, may start. Give a type or a pattern of keys.',
  fields: (t) => ({
    type: t.string({ description: 'Name of a task type: all its tasks share the rate.' }),
    keyPattern: t.string({
      description:
        'A rate key, or the beginning of rate keys followed by *. Of several that fit, the longest counts, and each key has a bucket of its own.',
    }),
    tokens: t.int({ required: true, description: 'So many start in each interval, 1 to 1,000,000.' }),
    interval: t.field({
      type: 'Duration',
      required: true,
      description: 'The interval, one millisecond to 31 days; at most 10,000 starts a second.',
    }),
    burst: t.int({
      description:
        'So many may start at once after a rest, 1 to 10,000; those of one interval when absent. With 1 each start waits for the claim of the one before.',
    }),
  }),
})

/**
 * @param path where the list stands in the arguments
 * @throws InvalidInput when one names both a type and keys, or neither
 */
export function rateLimitsOf(
  inputs: readonly (typeof RateLimitInput.$inferInput)[],
  path: readonly (string | number)[],
): RateLimit[] {
  const issues: InputIssue[] = []
  const limits = inputs.flatMap(({ type, keyPattern, tokens, interval, burst }, index): RateLimit[] => {
    const rate = { tokens, intervalMs: interval, burst: burst ?? defaultBurst(tokens) }
    if (type != null && keyPattern == null) return [{ scope: 'TYPE', pattern: type, ...rate }]
    if (type == null && keyPattern != null) return [{ scope: 'KEY', pattern: keyPattern, ...rate }]
    issues.push({
      path: [...path, index],
      message: 'names both a type and keys, or neither; give `type` or `keyPattern`',
    })
    return []
  })
  if (issues.length > 0) throw new InvalidInput(issues)
  return limits
}
