import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { Reason } from './blockers.ts'
import { loadBlockers } from './load-blockers.ts'
import { loadHolders } from './load-holders.ts'
import { loadTask } from './load-task.ts'
import { Task } from './task.ts'
import { DependencyKindEnum, TaskStatusEnum } from './task-enums.ts'

type BlockerOf<Kind extends Reason['kind']> = Extract<Reason, { kind: Kind }>

const TYPE_OF_KIND = {
  dependency: 'DependencyBlocker',
  time: 'TimeBlocker',
  pause: 'PauseBlocker',
  concurrency: 'ConcurrencyBlocker',
  pool: 'PoolBlocker',
  'no-worker': 'NoWorkerBlocker',
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
  description: 'No live worker serves the type of the task.',
  interfaces: [BlockerInterface],
  fields: (t) => ({ type: t.exposeString('type', { description: 'Name of the task type.' }) }),
})

builder.objectRef<BlockerOf<'external'>>('ExternalBlocker').implement({
  description: 'An outside answer has to come first.',
  interfaces: [BlockerInterface],
  fields: (t) => ({ waitKey: t.exposeString('waitKey', { description: 'The key that the answer carries.' }) }),
})

builder.prismaObjectFields('Task', (t) => ({
  blockedBy: t.field({
    type: [BlockerInterface],
    description: 'Why it does not run now; empty when it runs, has ended, or only waits its turn.',
    resolve: (task, _args, context) => loadBlockers(context, task),
  }),
}))
