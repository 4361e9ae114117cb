import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { loadWorker } from '../worker/load-worker.ts'
import { Worker } from '../worker/worker.ts'
import type { Reason } from './blockers.ts'
import { loadBlockers } from './load-blockers.ts'
import { loadHolders } from './load-holders.ts'
import { loadTask } from './load-task.ts'
import type { Shortage } from './room-blockers.ts'
import { Task } from './task.ts'
import { DependencyKindEnum, TaskStatusEnum } from './task-enums.ts'

type BlockerOf<Kind extends Reason['kind']> = Extract<Reason, { kind: Kind }>

const TYPE_OF_KIND = {
  dependency: 'DependencyBlocker',
  time: 'TimeBlocker',
  pause: 'PauseBlocker',
  concurrency: 'ConcurrencyBlocker',
  pool: 'PoolBlocker',
  rate: 'RateBlocker',
  'no-worker': 'NoWorkerBlocker',
  resource: 'ResourceBlocker',
  preference: 'PreferenceBlocker',
  external: 'ExternalBlocker',
} as const satisfies Record<Reason['kind'], string>

/** One reason why a task does not run now. */
export const BlockerInterface = builder.interfaceRef<Reason>('Blocker').implement({
  description: 'One reason why a task does not run now.',
  resolveType: ({ kind }) => TYPE_OF_KIND[kind],
  fields: (t) => ({
    message: t.exposeString('message', { description: 'The reason, and what would end it; made for people.' }),
    since: t.expose('since', {
      type: 'DateTime',
      description:
        'Since when it holds the task, as far as is known: a dependency since the task was made, a pause since somebody paused, what is full or missing since the task became READY.',
    }),
  }),
})

const ShortageRef = builder.objectRef<Shortage>('Shortage').implement({
  description: 'A resource of which a task takes more than there is.',
  fields: (t) => ({
    resource: t.exposeString('resource', {
      description: 'Name of the resource: cpuCores, memoryMb or one of your own.',
    }),
    asked: t.exposeFloat('asked', { description: 'How much of it the task counts as.' }),
    available: t.exposeFloat('available', { description: 'How much there is.' }),
  }),
})

const TimeBlockerCauseEnum = builder.enumType('TimeBlockerCause', {
  description: 'Why a task waits for a time.',
  values: {
    SCHEDULE: { description: 'It is not to start before.' },
    BACK_OFF: { description: 'An attempt failed and the next waits.' },
    PARKED: { description: 'Its handler parked it.' },
  } as const,
})

builder.objectRef<BlockerOf<'dependency'>>('DependencyBlocker').implement({
  description: 'Another task has to end first.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    taskId: t.id({
      description: 'TypeID of the other task.',
      resolve: ({ dependsOnId }) => encodeTypeId(ID_PREFIXES.task, dependsOnId),
    }),
    task: t.field({
      type: Task,
      nullable: true,
      description: 'The other task; null when it is gone.',
      resolve: ({ dependsOnId }, _args, context, info) => loadTask(context, info, dependsOnId),
    }),
    needs: t.expose('needs', { type: DependencyKindEnum, description: 'What is needed of it.' }),
  }),
})

builder.objectRef<BlockerOf<'time'>>('TimeBlocker').implement({
  description: 'A time has to come first.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    until: t.expose('until', { type: 'DateTime', description: 'The time.' }),
    cause: t.expose('cause', { type: TimeBlockerCauseEnum, description: 'Why it waits for it.' }),
  }),
})

const BlockerScopeEnum = builder.enumType('PauseBlockerScope', {
  description: 'What is paused.',
  values: {
    TASK: { description: 'The task itself.' },
    TYPE: { description: 'All tasks of its type.' },
    QUEUE: { description: 'All tasks of its queue.' },
    ALL: { description: 'Everything.' },
  } as const,
})

builder.objectRef<BlockerOf<'concurrency'>>('ConcurrencyBlocker').implement({
  description: 'As many tasks with its concurrency key run as may.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The concurrency key.' }),
    limit: t.exposeInt('limit', { description: 'So many run at once.' }),
    holders: t.field({
      type: [Task],
      description: 'Who has its slots: tasks that run, or may be claimed and come first; at most ten.',
      resolve: ({ key }, _args, context, info) => loadHolders(context, info, `key:${key}`),
    }),
  }),
})

builder.objectRef<BlockerOf<'pool'>>('PoolBlocker').implement({
  description: 'A pool has no room for it.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    pool: t.exposeString('pool', { description: 'Name of the pool.' }),
    capacity: t.exposeInt('capacity', { description: 'Slots of the pool in all.' }),
    slots: t.exposeInt('slots', { description: 'Slots that the task takes.' }),
    holders: t.field({
      type: [Task],
      description: 'Who has its slots: tasks that run, or may be claimed and come first; at most ten.',
      resolve: ({ pool }, _args, context, info) => loadHolders(context, info, `pool:${pool}`),
    }),
  }),
})

builder.objectRef<BlockerOf<'rate'>>('RateBlocker').implement({
  description: 'As many tasks of its type, or with its rate key, have started of late as may.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    taskType: t.exposeString('taskType', {
      nullable: true,
      description: 'The type that the rate is of; null for a key.',
    }),
    rateKey: t.exposeString('rateKey', {
      nullable: true,
      description: 'The key that the rate is of; null for a type.',
    }),
    tokens: t.int({ description: 'So many start in each interval.', resolve: ({ rate }) => rate.tokens }),
    interval: t.field({ type: 'Duration', description: 'The interval.', resolve: ({ rate }) => rate.intervalMs }),
    burst: t.int({ description: 'So many may start at once after a rest.', resolve: ({ rate }) => rate.burst }),
    nextTokenAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the next of them could start, which need not be this one; null when others may start first and have not been claimed yet.',
      resolve: ({ rate }) => rate.nextTokenAt,
    }),
  }),
})

builder.objectRef<BlockerOf<'pause'>>('PauseBlocker').implement({
  description:
    'Somebody paused the task, and `resumeTask` lets it go on; or its type, its queue or everything, and `resumeClaims` does.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    scope: t.expose('scope', { type: BlockerScopeEnum, description: 'What is paused.' }),
    pausedFrom: t.field({
      type: TaskStatusEnum,
      description: 'Where it stood before.',
      resolve: ({ pausedFrom }) => pausedFrom as 'READY',
    }),
  }),
})

builder.objectRef<BlockerOf<'no-worker'>>('NoWorkerBlocker').implement({
  description: 'No live worker serves the type of the task with the labels and as much of everything as it asks for.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    type: t.exposeString('type', { description: 'Name of the task type.' }),
    lacks: t.field({
      type: [ShortageRef],
      description:
        'What it takes more of than the largest of its workers has; empty when it is not for want of resources.',
      resolve: ({ lacks }) => [...lacks],
    }),
  }),
})

builder.objectRef<BlockerOf<'resource'>>('ResourceBlocker').implement({
  description: 'Workers are large enough for it, and other tasks have taken their room.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    worker: t.field({
      type: Worker,
      nullable: true,
      description: 'The worker that lacks least; null when it is forgotten.',
      resolve: ({ workerId }, _args, context, info) => loadWorker(context, info, workerId),
    }),
    lacks: t.field({
      type: [ShortageRef],
      description: 'What it takes more of than that worker has free.',
      resolve: ({ lacks }) => [...lacks],
    }),
  }),
})

builder.objectRef<BlockerOf<'preference'>>('PreferenceBlocker').implement({
  description: 'Other workers have room for it, and it would rather have one that has none now.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    until: t.expose('until', { type: 'DateTime', description: 'Then any worker may have it.' }),
  }),
})

builder.objectRef<BlockerOf<'external'>>('ExternalBlocker').implement({
  description: 'An event from outside has to come first: see `sendEvent`.',
  interfaces: [BlockerInterface],
  fields: (t) => ({
    waitKey: t.exposeString('waitKey', { description: 'The key of the event.' }),
    condition: t.exposeString('condition', {
      nullable: true,
      description: 'CEL over `payload`, `key` and `sender` that has to hold for it; null takes any.',
    }),
  }),
})

builder.prismaObjectFields('Task', (t) => ({
  blockedBy: t.field({
    type: [BlockerInterface],
    description: 'Why it does not run now; empty when it runs, has ended, or only waits its turn.',
    resolve: (task, _args, context) => loadBlockers(context, task),
  }),
}))
