import { type PatternLimit, readConcurrencyLimits } from '../../pool/store.ts'
import { readRateLimits } from '../../rate/store.ts'
import { type Pause, readPauses, readScheduling, type Scheduling } from '../../scheduling/store.ts'
import { DEFAULT_AGEING_MS, DEFAULT_PATIENCE, DEFAULT_WEIGHTS, type Weights } from '../../scheduling/strategy.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { RateLimitRef } from './rate-limit.ts'
import { SchedulingStrategyEnum } from './strategy-enum.ts'

const SchedulingWeightsRef = builder.objectRef<Weights>('SchedulingWeights').implement({
  description: 'What counts how much under WEIGHTED; only the proportions matter.',
  fields: (t) => ({
    priority: t.exposeFloat('priority', { description: 'Urgency.' }),
    deadline: t.exposeFloat('deadline', { description: 'Closeness of the deadline, within a day.' }),
    length: t.exposeFloat('length', { description: 'Shortness, within four hours.' }),
    age: t.exposeFloat('age', { description: 'How long it has waited, by the day.' }),
  }),
})

const FairnessWeightRef = builder.objectRef<readonly [string, number]>('FairnessWeight').implement({
  description: 'The share of one fairness key under FAIR.',
  fields: (t) => ({
    key: t.string({ description: 'The key.', resolve: ([key]) => key }),
    weight: t.float({ description: 'Its share; keys that are not named have 1.', resolve: ([, weight]) => weight }),
  }),
})

const ConcurrencyLimitRef = builder.objectRef<PatternLimit>('ConcurrencyLimit').implement({
  description: 'How many tasks of one concurrency key may run at once.',
  fields: (t) => ({
    pattern: t.exposeString('pattern', {
      description: 'A key, or the beginning of keys followed by *. Of several that fit, the longest counts.',
    }),
    limit: t.int({
      description: 'Of each key that fits so many tasks run at once.',
      resolve: ({ capacity }) => capacity,
    }),
  }),
})

export const PauseScopeEnum = builder.enumType('PauseScope', {
  description: 'What a pause holds.',
  values: {
    ALL: { description: 'Everything of the tenant.' },
    QUEUE: { description: 'One queue.' },
    TYPE: { description: 'One task type.' },
  } as const,
})

export const PauseRef = builder.objectRef<Pause>('Pause').implement({
  description: 'Tasks that nobody claims for now. What runs goes on.',
  fields: (t) => ({
    scope: t.expose('scope', { type: PauseScopeEnum, description: 'What it holds.' }),
    name: t.exposeString('name', { nullable: true, description: 'Of the queue or the type; null for everything.' }),
    since: t.expose('since', { type: 'DateTime', description: 'When it began.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why, in the words of who paused.' }),
    pausedBy: t.exposeString('pausedBy', { nullable: true, description: 'Who paused.' }),
  }),
})

export const SchedulingRef = builder.objectRef<Scheduling>('Scheduling').implement({
  description: 'How waiting tasks are ordered, and what holds them.',
  fields: (t) => ({
    strategy: t.expose('strategy', { type: SchedulingStrategyEnum, description: 'The order.' }),
    ageing: t.field({
      type: 'Duration',
      description:
        'Under PRIORITY_FIRST: so much longer must a task have waited to overtake one of the next higher priority.',
      resolve: ({ settings }) => settings.ageingMs ?? DEFAULT_AGEING_MS,
    }),
    patience: t.float({
      description:
        'Under SHORTEST_JOB_FIRST: a task comes before a shorter one once it has waited so many times the difference of their lengths longer.',
      resolve: ({ settings }) => settings.patience ?? DEFAULT_PATIENCE,
    }),
    weights: t.field({
      type: SchedulingWeightsRef,
      description: 'What counts how much under WEIGHTED.',
      resolve: ({ settings }) => ({ ...DEFAULT_WEIGHTS, ...settings.weights }),
    }),
    fairnessWeights: t.field({
      type: [FairnessWeightRef],
      description: 'Shares under FAIR.',
      resolve: ({ settings }) => Object.entries(settings.fairnessWeights ?? {}),
    }),
    isReordering: t.boolean({
      description: 'Whether tasks that wait may still stand by an older order, and come after those that do not.',
      resolve: ({ isRekeyed }) => !isRekeyed,
    }),
    concurrencyLimits: t.field({
      type: [ConcurrencyLimitRef],
      description: 'Limits of concurrency keys; a key that no pattern fits has 1.',
      resolve: (_scheduling, _args, { db, tenant }) => readConcurrencyLimits(db, tenant),
    }),
    rateLimits: t.field({
      type: [RateLimitRef],
      description: 'How often tasks of types and with rate keys may start; others start as they come.',
      resolve: (_scheduling, _args, { db, tenant }) => readRateLimits(db, tenant),
    }),
    pauses: t.field({
      type: [PauseRef],
      description: 'What is held now.',
      resolve: (_scheduling, _args, { db, tenant }) => readPauses(db, tenant),
    }),
  }),
})

/** The order as it is now; that of a tenant that has no task type yet is the default. */
export async function schedulingOf({ db, tenant }: Pick<GraphContext, 'db' | 'tenant'>): Promise<Scheduling> {
  const found = await readScheduling(db, tenant)
  return found ?? { strategy: 'PRIORITY_FIRST', settings: {}, generation: 0, asOf: new Date(), isRekeyed: true }
}

builder.queryFields((t) => ({
  scheduling: t.field({
    type: SchedulingRef,
    description: 'How waiting tasks are ordered, and what holds them.',
    authScopes: { role: 'VIEWER' },
    resolve: (_root, _args, context) => schedulingOf(context),
  }),
}))
