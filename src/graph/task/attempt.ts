import type { TaskError } from '../../task/task-state.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { loadWorker } from '../worker/load-worker.ts'
import { Worker } from '../worker/worker.ts'
import { AttemptOutcomeEnum } from './task-enums.ts'
import { TaskErrorType } from './task-parts.ts'

const MOST_ATTEMPTS = 100

/** One execution of a task. */
export const Attempt = builder.prismaObject('Attempt', {
  description: 'One execution of a task by one worker.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'Which attempt of the task it is, from 1.' }),
    epoch: t.exposeInt('epoch', {
      description: 'Fencing token of its latest lease, from 1; a result under an older one changes nothing.',
    }),
    workerId: t.id({
      description: 'TypeID of the worker, also when it is forgotten.',
      resolve: ({ workerId }) => encodeTypeId(ID_PREFIXES.worker, workerId),
    }),
    worker: t.field({
      type: Worker,
      nullable: true,
      description: 'The worker; null when it is forgotten.',
      resolve: ({ workerId }, _args, context, info) => loadWorker(context, info, workerId),
    }),
    queuedAt: t.expose('queuedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the task became READY for it.',
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was claimed.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it runs.',
    }),
    outcome: t.expose('outcome', {
      type: AttemptOutcomeEnum,
      nullable: true,
      description: 'How it ended; null while it runs.',
    }),
    error: t.field({
      type: TaskErrorType,
      nullable: true,
      description: 'Why it failed, when it did.',
      resolve: ({ error }) => error as unknown as TaskError | null,
    }),
    queueTime: t.field({
      type: 'Duration',
      nullable: true,
      description: 'From READY to the claim.',
      resolve: ({ queuedAt, startedAt }) =>
        queuedAt === null ? null : Math.max(startedAt.getTime() - queuedAt.getTime(), 0),
    }),
    runTime: t.field({
      type: 'Duration',
      nullable: true,
      description: 'From the claim to the end; null while it runs.',
      resolve: ({ startedAt, finishedAt }) =>
        finishedAt === null ? null : Math.max(finishedAt.getTime() - startedAt.getTime(), 0),
    }),
    cpuTime: t.field({
      type: 'Duration',
      nullable: true,
      description: 'Processor time it used, where that can be measured.',
      resolve: ({ cpuMs }) => cpuMs,
    }),
    peakMemoryMb: t.exposeFloat('peakRssMb', {
      nullable: true,
      description: 'Largest resident memory of its process meanwhile, in megabytes, where that can be measured.',
    }),
  }),
})

builder.prismaObjectFields('Task', (t) => ({
  attempts: t.relation('attempts', {
    description: `Its attempts, the latest first, at most ${MOST_ATTEMPTS}.`,
    query: { orderBy: { number: 'desc' }, take: MOST_ATTEMPTS },
  }),
}))
