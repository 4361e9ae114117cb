import { configureScheduling } from '../../engine/configure-scheduling.ts'
import { holdClaims, releaseClaims } from '../../engine/hold-claims.ts'
import type { Pause, Scheduling } from '../../scheduling/store.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { present } from '../task/present.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { RateLimitInput, rateLimitsOf } from './rate-limit.ts'
import { PauseRef, PauseScopeEnum, SchedulingRef, schedulingOf } from './scheduling.ts'
import { SchedulingStrategyEnum } from './strategy-enum.ts'

const SchedulingWeightsInput = builder.inputType('SchedulingWeightsInput', {
  description: 'What counts how much under WEIGHTED, each 0 to 1,000,000; only the proportions matter.',
  fields: (t) => ({
    priority: t.float({ description: 'Urgency; 0.4 when absent.' }),
    deadline: t.float({ description: 'Closeness of the deadline, within a day; 0.3 when absent.' }),
    length: t.float({ description: 'Shortness, within four hours; 0.2 when absent.' }),
    age: t.float({ description: 'How long it has waited, by the day; 0.1 when absent.' }),
  }),
})

const FairnessWeightInput = builder.inputType('FairnessWeightInput', {
  description: 'The share of one fairness key under FAIR.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'The key.' }),
    weight: t.float({ required: true, description: 'Its share, 0.001 to 1,000,000; keys that are not named have 1.' }),
  }),
})

const ConcurrencyLimitInput = builder.inputType('ConcurrencyLimitInput', {
  description: 'How many tasks of one concurrency key may run at once.',
  fields: (t) => ({
    pattern: t.string({
      required: true,
      description: 'A key, or the beginning of keys followed by *. Of several that fit, the longest counts.',
    }),
    limit: t.int({ required: true, description: 'Of each key that fits so many tasks run at once, 0 to 100,000.' }),
  }),
})

const ConfigureSchedulingInput = builder.inputType('ConfigureSchedulingInput', {
  description: 'Changes to how waiting tasks are ordered. What is absent stays.',
  fields: (t) => ({
    strategy: t.field({ type: SchedulingStrategyEnum, description: 'The order.' }),
    ageing: t.field({
      type: 'Duration',
      description:
        'Under PRIORITY_FIRST: so much longer must a task have waited to overtake one of the next higher priority.',
    }),
    patience: t.float({
      description:
        'Under SHORTEST_JOB_FIRST: a task comes before a shorter one once it has waited so many times the difference of their lengths longer, 0 to 1,000,000.',
    }),
    weights: t.field({ type: SchedulingWeightsInput, description: 'What counts how much under WEIGHTED.' }),
    fairnessWeights: t.field({
      type: [FairnessWeightInput],
      description: 'Shares under FAIR: all of them from now on.',
    }),
    concurrencyLimits: t.field({
      type: [ConcurrencyLimitInput],
      description: 'Limits of concurrency keys: all of them from now on.',
    }),
    rateLimits: t.field({
      type: [RateLimitInput],
      description: 'Rates of types and of rate keys: all of them from now on. What waits comes under them in batches.',
    }),
  }),
})

const ConfigureSchedulingSuccess = builder
  .objectRef<{ scheduling: Scheduling }>('ConfigureSchedulingSuccess')
  .implement({
    description: 'The order was changed; what waits is being moved over.',
    fields: (t) => ({
      scheduling: t.expose('scheduling', { type: SchedulingRef, description: 'The order as it is now.' }),
    }),
  })

const PauseClaimsInput = builder.inputType('PauseClaimsInput', {
  description: 'What nobody shall claim for now.',
  fields: (t) => ({
    scope: t.field({ type: PauseScopeEnum, required: true, description: 'One type, one queue, or everything.' }),
    name: t.string({ description: 'Of the queue or the type; absent for everything.' }),
    reason: t.string({ description: 'Why, at most 1,000 characters: people will see it beside each task that waits.' }),
  }),
})

const ResumeClaimsInput = builder.inputType('ResumeClaimsInput', {
  description: 'What may be claimed again.',
  fields: (t) => ({
    scope: t.field({ type: PauseScopeEnum, required: true, description: 'One type, one queue, or everything.' }),
    name: t.string({ description: 'Of the queue or the type; absent for everything.' }),
  }),
})

const PauseClaimsSuccess = builder.objectRef<{ pause: Pause }>('PauseClaimsSuccess').implement({
  description: 'Nobody claims these tasks any more. What runs goes on.',
  fields: (t) => ({
    pause: t.expose('pause', { type: PauseRef, description: 'The pause; the earlier one where there was one.' }),
  }),
})

const ResumeClaimsSuccess = builder.objectRef<{ scheduling: Scheduling }>('ResumeClaimsSuccess').implement({
  description: 'These tasks may be claimed, unless another pause holds them.',
  fields: (t) => ({ scheduling: t.expose('scheduling', { type: SchedulingRef, description: 'What is still held.' }) }),
})

const inInput = (path: readonly (string | number)[]) => ['input', ...path]

builder.mutationFields((t) => ({
  configureScheduling: t.errorUnionField({
    types: [ConfigureSchedulingSuccess, InvalidInput],
    union: {
      name: 'ConfigureSchedulingResult',
      description: 'What came of changing the order.',
      resolveType: () => 'ConfigureSchedulingSuccess',
    },
    description:
      'Changes the order in which waiting tasks are claimed, the limits of concurrency keys, and the rates of starts, while claims go on.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: ConfigureSchedulingInput, required: true, description: 'The changes.' }) },
    resolve: async (_root, { input }, context) => {
      const { strategy, ageing, patience, weights, fairnessWeights, concurrencyLimits, rateLimits } = input
      const settings = {
        ...(ageing != null && { ageingMs: ageing }),
        ...(patience != null && { patience }),
        ...(weights != null && { weights: present(weights) }),
        ...(fairnessWeights != null && {
          fairnessWeights: Object.fromEntries(fairnessWeights.map(({ key, weight }) => [key, weight])),
        }),
      }
      const result = await configureScheduling(context.engine, actorOf(context), {
        ...(strategy != null && { strategy }),
        ...(Object.keys(settings).length > 0 && { settings }),
        ...(concurrencyLimits != null && {
          concurrencyLimits: concurrencyLimits.map(({ pattern, limit }) => ({ pattern, capacity: limit })),
        }),
        ...(rateLimits != null && { rateLimits: rateLimitsOf(rateLimits, ['input', 'rateLimits']) }),
      })
      valueOrThrow(result, inInput)
      return { scheduling: await schedulingOf(context) }
    },
  }),
  pauseClaims: t.errorUnionField({
    types: [PauseClaimsSuccess, InvalidInput],
    union: {
      name: 'PauseClaimsResult',
      description: 'What came of holding tasks.',
      resolveType: () => 'PauseClaimsSuccess',
    },
    description: 'Lets nobody claim tasks of one type, of one queue, or any, until `resumeClaims`. What runs goes on.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: PauseClaimsInput, required: true, description: 'What to hold.' }) },
    resolve: async (_root, { input }, context) => {
      const held = { scope: input.scope, name: input.name ?? null, reason: input.reason ?? null }
      return { pause: valueOrThrow(await holdClaims(context.engine, actorOf(context), held), inInput) }
    },
  }),
  resumeClaims: t.errorUnionField({
    types: [ResumeClaimsSuccess, InvalidInput],
    union: {
      name: 'ResumeClaimsResult',
      description: 'What came of letting tasks go on.',
      resolveType: () => 'ResumeClaimsSuccess',
    },
    description: 'Ends a pause of `pauseClaims`. Where there is none nothing changes.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: ResumeClaimsInput, required: true, description: 'What to let go on.' }) },
    resolve: async (_root, { input }, context) => {
      const held = { scope: input.scope, name: input.name ?? null }
      valueOrThrow(await releaseClaims(context.engine, actorOf(context), held), inInput)
      return { scheduling: await schedulingOf(context) }
    },
  }),
}))
