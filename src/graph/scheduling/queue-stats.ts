import { readPauses, type Scheduling } from '../../scheduling/store.ts'
import { MOST_GROUPS, readAgedGroups, readArrivals, readDepartures, readRunning } from '../../task/store/waiting.ts'
import { readServedTypes } from '../../worker/store/served-places.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { TaskPriorityEnum, TaskStatusEnum } from '../task/task-enums.ts'
import { PauseRef, schedulingOf } from './scheduling.ts'
import { SchedulingStrategyEnum } from './strategy-enum.ts'
import { type QueueFacts, type QueueStats, statsOf, statsOfQueues, type TypeStats } from './summarise-queues.ts'
import { TaskCountRef } from './task-count.ts'

/** Rates are those of so much time, in milliseconds, or of the last 10,000 tasks when those took less. */
const RATE_SPAN_MS = 300_000

const StatusCountRef = builder.objectRef<QueueStats['byStatus'][number]>('StatusCount').implement({
  description: 'How many tasks stand somewhere.',
  fields: (t) => ({
    status: t.expose('status', { type: TaskStatusEnum, description: 'Where they stand.' }),
    tasks: t.expose('tasks', { type: TaskCountRef, description: 'How many.' }),
  }),
})

const TypeCountRef = builder.objectRef<TypeStats>('TypeCount').implement({
  description: 'READY tasks of one type.',
  fields: (t) => ({
    type: t.exposeString('type', { description: 'Name of the type.' }),
    tasks: t.expose('tasks', { type: TaskCountRef, description: 'How many.' }),
    oldestReadyAt: t.expose('oldestReadyAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the one that waits longest became READY.',
    }),
    isServed: t.exposeBoolean('isServed', {
      description:
        'Whether live workers serve the type in each queue of these; they may still lack labels that tasks ask for.',
    }),
    pause: t.field({
      type: PauseRef,
      nullable: true,
      description: 'The pause that holds the type; null when it may be claimed.',
      resolve: ({ pauses }) => pauses[0] ?? null,
    }),
  }),
})

const PriorityCountRef = builder.objectRef<QueueStats['byPriority'][number]>('PriorityCount').implement({
  description: 'READY tasks of one priority.',
  fields: (t) => ({
    priority: t.expose('priority', { type: TaskPriorityEnum, description: 'The priority.' }),
    tasks: t.expose('tasks', { type: TaskCountRef, description: 'How many.' }),
  }),
})

const AgeCountRef = builder.objectRef<QueueStats['byAge'][number]>('AgeCount').implement({
  description: 'READY tasks that have waited about the same time.',
  fields: (t) => ({
    from: t.field({ type: 'Duration', description: 'So long at least.', resolve: ({ fromMs }) => fromMs }),
    until: t.field({
      type: 'Duration',
      nullable: true,
      description: 'Less than this; null for any longer time.',
      resolve: ({ untilMs }) => untilMs,
    }),
    tasks: t.expose('tasks', { type: TaskCountRef, description: 'How many.' }),
  }),
})

const QueueStatsRef = builder.objectRef<QueueStats>('QueueStats').implement({
  description: 'What waits and runs in one queue, or in all of them.',
  fields: (t) => ({
    name: t.exposeString('name', { nullable: true, description: 'Of the queue; null for all together.' }),
    pauses: t.field({
      type: [PauseRef],
      description:
        'What holds the whole queue; empty when its tasks may be claimed. Pauses of types stand in `byType`.',
      resolve: ({ pauses }) => [...pauses],
    }),
    byStatus: t.field({
      type: [StatusCountRef],
      description: 'Tasks that have not ended, by where they stand; every status that there is for those.',
      resolve: ({ byStatus }) => [...byStatus],
    }),
    claimable: t.expose('claimable', {
      type: TaskCountRef,
      description: 'READY tasks that wait for nothing but their turn, a worker or the end of a pause.',
    }),
    blocked: t.expose('blocked', {
      type: TaskCountRef,
      description: 'READY tasks that wait for room in a pool or under another limit.',
    }),
    oldestReadyAt: t.expose('oldestReadyAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the READY task that waits longest became READY; null when there is none.',
    }),
    byType: t.field({
      type: [TypeCountRef],
      description: 'READY tasks by type, the most first, at most 100 types.',
      resolve: ({ byType }) => [...byType],
    }),
    byPriority: t.field({
      type: [PriorityCountRef],
      description: 'READY tasks by priority, the most urgent first.',
      resolve: ({ byPriority }) => [...byPriority],
    }),
    byAge: t.field({
      type: [AgeCountRef],
      description: 'READY tasks by how long they have waited since they became READY, the shortest first.',
      resolve: ({ byAge }) => [...byAge],
    }),
    arrivalsPerMinute: t.exposeFloat('arrivalsPerMinute', {
      description:
        'Tasks made a minute: over the last five minutes, or over the last 10,000 tasks when those took less.',
    }),
    departuresPerMinute: t.exposeFloat('departuresPerMinute', {
      description:
        'Tasks ended a minute, however they ended: over the last five minutes, or over the last 10,000 when those took less. What retention has deleted is not counted.',
    }),
  }),
})

interface QueueReport {
  readonly asOf: Date
  readonly scheduling: Scheduling
  readonly facts: QueueFacts
  /** null when all were asked for. */
  readonly queue: string | null
}

const QueueReportRef = builder.objectRef<QueueReport>('QueueReport').implement({
  description: 'What waits and runs at one moment. It costs about the same however much waits.',
  fields: (t) => ({
    asOf: t.expose('asOf', { type: 'DateTime', description: 'The moment.' }),
    strategy: t.field({
      type: SchedulingStrategyEnum,
      description: 'The order in which waiting tasks are claimed.',
      resolve: ({ scheduling }) => scheduling.strategy,
    }),
    isReordering: t.boolean({
      description: 'Whether tasks that wait may still stand by an older order.',
      resolve: ({ scheduling }) => !scheduling.isRekeyed,
    }),
    all: t.field({
      type: QueueStatsRef,
      description: 'All that was asked for together.',
      resolve: ({ facts, queue }) => statsOf(facts, queue),
    }),
    queues: t.field({
      type: [QueueStatsRef],
      description: 'Each queue that has tasks, by name.',
      resolve: ({ facts, queue }) => statsOfQueues(facts).filter(({ name }) => queue === null || name === queue),
    }),
    isComplete: t.boolean({
      description: `False when there are more than ${MOST_GROUPS.toLocaleString('en')} combinations of queue, type, labels and priority: the rest is not in it.`,
      resolve: ({ facts }) => facts.groups.length < MOST_GROUPS,
    }),
  }),
})

builder.queryFields((t) => ({
  queueStats: t.field({
    type: QueueReportRef,
    description: 'What waits and runs: by queue, status, type, priority and age.',
    authScopes: { role: 'VIEWER' },
    args: { queue: t.arg.string({ description: 'Only this queue; all when absent.' }) },
    resolve: async (_root, { queue }, context) => {
      const [facts, scheduling] = await Promise.all([readFacts(context, queue ?? null), schedulingOf(context)])
      return { asOf: new Date(), scheduling, facts, queue: queue ?? null }
    },
  }),
}))

/** Six statements, whatever waits. */
async function readFacts({ db, tenant }: GraphContext, queue: string | null): Promise<QueueFacts> {
  const [groups, running, arrivals, departures, pauses, served] = await Promise.all([
    readAgedGroups(db, tenant, queue),
    readRunning(db, tenant),
    readArrivals(db, tenant, RATE_SPAN_MS),
    readDepartures(db, tenant, RATE_SPAN_MS),
    readPauses(db, tenant),
    readServedTypes(db, tenant),
  ])
  return { groups, running, arrivals, departures, pauses, served }
}
