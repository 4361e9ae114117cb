import type { SystemName } from './system.ts'

/** What a reader must know of a system to judge its figures. */
export interface Entry {
  /** Name of the npm package. */
  readonly package: string
  /** What is left in the database when a task has come to its end. */
  readonly keeps: string
  readonly best: string
  readonly default: string
  /** Where its documents advise the best set-up. */
  readonly source: string
}

export const CATALOGUE: Readonly<Record<SystemName, Entry>> = {
  ours: {
    package: 'task-mgmt',
    keeps: 'the task, its attempt with worker and times, and three events in a log that subscribers resume from',
    best: '100 slots; bells over Redis',
    default: '10 slots, the default; bells over Redis, as several processes need it',
    source: 'settings.md',
  },
  'graphile-worker': {
    package: 'graphile-worker',
    keeps: 'nothing: a job that succeeded is deleted',
    best: '`concurrentJobs` 24, `maxPoolSize` 25, `localQueue.size` 500, `completeJobBatchDelay` and `failJobBatchDelay` 0; `addJobs` of 500',
    default: '`concurrentJobs` 1, neither local queue nor batches; `addJobs` of 500',
    source: 'https://worker.graphile.org/docs/performance',
  },
  'pg-boss': {
    package: 'pg-boss',
    keeps: 'the job, for seven days',
    best: '`batchSize` 500, `burstWhenBatchFull`, `pollingIntervalSeconds` 0.5, `useListenNotify` with a queue that has `notify`; `insert` of 500',
    default: 'one job every two seconds; `insert` of 500',
    source: 'https://timgit.github.io/pg-boss/',
  },
  bullmq: {
    package: 'bullmq',
    keeps:
      'the job, in the memory of Redis and its append-only file, which is flushed once a second: a crash may lose the last second',
    best: '`concurrency` 100; `addBulk` of 500',
    default: '`concurrency` 1; `addBulk` of 500',
    source: 'https://docs.bullmq.io/guide/workers/concurrency',
  },
  dbos: {
    package: '@dbos-inc/dbos-sdk',
    keeps: 'the workflow with its input and output',
    best: 'a queue with `workerConcurrency` 500 and `minPollingIntervalMs` 10, a pool of 20 connections; 500 times `enqueueInTransaction` in one transaction',
    default: 'a queue without limits, polled once a second, a pool of 20 connections; enqueued alike',
    source: 'https://docs.dbos.dev/typescript/tutorials/queue-tutorial',
  },
}
