import { z } from 'zod'
import { drainWorker } from '../../engine/drain-worker.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import type { WorkerState } from '../../worker/store/workers.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { actorOf } from '../task/task-payload.ts'
import { NotFound } from '../user-failure.ts'
import { leaseFields, leaseOf, workerOf } from './lease-inputs.ts'
import { WorkerStateEnum } from './worker.ts'
import { type EndedLease, LONGEST_WAIT_MS } from './worker-waits.ts'

const MOST_HELD = 12_000

const HeldLeaseInput = builder.inputType('HeldLeaseInput', {
  description: 'A lease that a worker has.',
  fields: leaseFields,
})

const HeartbeatWorkerInput = builder.inputType('HeartbeatWorkerInput', {
  description: 'A worker’s sign of life.',
  fields: (t) => ({
    workerId: t.id({ required: true, description: 'TypeID of the worker.' }),
    held: t.field({
      type: [HeldLeaseInput],
      description:
        'All leases that it knows of, except those it was told have ended. What it has been leased for more than five seconds, and leaves out twice, goes back to the queue. When absent, only the worker’s own lease is renewed.',
      validate: z.array(z.unknown()).max(MOST_HELD, 'holds more than 12,000 leases'),
    }),
    wait: t.field({
      type: 'Duration',
      description:
        'How long to wait for news: a lease that ended, the wish to drain, or tasks that it was handed since. At most PT25S and a third of the lease; not at all when absent.',
      validate: z.number().min(0, 'is negative').max(LONGEST_WAIT_MS, 'is longer than PT25S'),
    }),
    isDraining: t.boolean({
      description: 'The worker is about to stop: it gets no more tasks. Say so in every heartbeat from then on.',
    }),
  }),
})

const LeaseEndEnum = builder.enumType('LeaseEnd', {
  description: 'Why a lease has ended other than by its worker.',
  values: {
    CANCELLED: { description: 'The task was cancelled.' },
    TIMED_OUT: { description: 'The attempt ran or kept silent for too long.' },
    LOST: { description: 'The task runs, waits or has ended elsewhere.' },
    GONE: { description: 'The task was removed.' },
  } as const,
})

const EndedLeaseType = builder.objectRef<EndedLease>('EndedLease').implement({
  description: 'A lease that is over: the worker should stop its handler and report nothing more of it.',
  fields: (t) => ({
    taskId: t.id({
      description: 'TypeID of the task.',
      resolve: ({ taskId }) => encodeTypeId(ID_PREFIXES.task, taskId),
    }),
    epoch: t.exposeInt('epoch', { description: 'The epoch that was listed.' }),
    reason: t.field({
      type: LeaseEndEnum,
      description: 'Why it has ended.',
      resolve: ({ status }) => reasonOf(status),
    }),
  }),
})

interface Heartbeat {
  readonly state: WorkerState
  readonly leaseMs: number
  readonly ended: readonly EndedLease[]
}

const HeartbeatWorkerSuccess = builder.objectRef<Heartbeat>('HeartbeatWorkerSuccess').implement({
  description: 'What the worker is to know.',
  fields: (t) => ({
    state: t.field({
      type: WorkerStateEnum,
      description:
        'DRAINING: finish what you hold, claim nothing, then sign off. LOST or STOPPED: what you hold runs elsewhere; stop it and sign on anew.',
      resolve: ({ state }) => state,
    }),
    ended: t.field({
      type: [EndedLeaseType],
      description: 'Those of the listed leases that are over.',
      resolve: ({ ended }) => [...ended],
    }),
    lease: t.field({
      type: 'Duration',
      description: 'The next heartbeat must come within this time.',
      resolve: ({ leaseMs }) => leaseMs,
    }),
  }),
})

builder.mutationFields((t) => ({
  heartbeatWorker: t.errorUnionField({
    types: [HeartbeatWorkerSuccess, InvalidInput, NotFound],
    union: {
      name: 'HeartbeatWorkerResult',
      description: 'What came of a heartbeat.',
      resolveType: () => 'HeartbeatWorkerSuccess',
    },
    description: 'Renews a worker’s lease, and tells it at once what was cancelled and whether it is to drain.',
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: HeartbeatWorkerInput, required: true, description: 'The sign of life.' }) },
    resolve: async (_root, { input }, context) => {
      const { engine, tenant, workers, signal } = context
      const workerId = workerOf(input)
      const held = input.held?.map((lease, index) => leaseOf(lease, ['input', 'held', index]))
      const isDraining = input.isDraining === true
      if (isDraining) await drainWorker(engine, actorOf(context), workerId)
      const heartbeat = await workers.heartbeat({ tenant, workerId, held, waitMs: input.wait ?? 0, isDraining }, signal)
      if (heartbeat === null) throw new NotFound('worker', input.workerId, ['input', 'workerId'])
      return heartbeat
    },
  }),
}))

function reasonOf(status: string | null): 'CANCELLED' | 'TIMED_OUT' | 'LOST' | 'GONE' {
  switch (status) {
    case null:
      return 'GONE'
    case 'CANCELLED':
      return 'CANCELLED'
    case 'FAILED':
    case 'RETRYING':
      return 'TIMED_OUT'
    default:
      return 'LOST'
  }
}
