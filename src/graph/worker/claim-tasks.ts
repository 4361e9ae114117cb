import { z } from 'zod'
import type { ClaimedAnswer } from '../../task/answer.ts'
import type { JsonValue } from '../../task/json.ts'
import type { ClaimedTask } from '../../task/store/claim-tasks.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import type { WorkerState } from '../../worker/store/workers.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { WaitOutcomeEnum } from '../received-event/wait-outcome.ts'
import { NotFound } from '../user-failure.ts'
import { REQUEST_ID, workerOf } from './lease-inputs.ts'
import { WorkerStateEnum } from './worker.ts'
import { LONGEST_WAIT_MS } from './worker-waits.ts'

const ClaimTasksInput = builder.inputType('ClaimTasksInput', {
  description: 'What a worker can take now.',
  fields: (t) => ({
    workerId: t.id({ required: true, description: 'TypeID of the worker.' }),
    requestId: t.string({
      required: true,
      description:
        'New for each claim, and the same when it is sent again because its answer was lost: the same tasks are answered then, as far as their leases still hold. 1 to 200 characters.',
      validate: REQUEST_ID,
    }),
    types: t.stringList({
      required: true,
      description: 'Names of the task types that it can take, at most 1,000.',
      validate: z.array(z.string()).min(1, 'is empty: name a type').max(1_000, 'holds more than 1,000 types'),
    }),
    limit: t.int({
      required: true,
      description: 'Most tasks to take, 1 to 1,000: how many slots are free.',
      validate: z.number().min(1, 'is less than 1').max(1_000, 'is more than 1,000'),
    }),
    wait: t.field({
      type: 'Duration',
      description: 'How long to wait when there is nothing to take, at most PT25S; not at all when absent.',
      validate: z.number().min(0, 'is negative').max(LONGEST_WAIT_MS, 'is longer than PT25S'),
    }),
  }),
})

const WaitAnswer = builder.objectRef<ClaimedAnswer>('WaitAnswer').implement({
  description: 'How a wait of a task for an event has ended, for its handler.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key that it waited for.' }),
    outcome: t.field({
      type: WaitOutcomeEnum,
      description: 'ANSWERED: an event came. TIMED_OUT: its time came first.',
      resolve: ({ eventId }) => (eventId === null ? 'TIMED_OUT' : 'ANSWERED'),
    }),
    payload: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What the event carried; null when none came.',
      resolve: ({ payload }) => payload,
    }),
    eventId: t.id({
      nullable: true,
      description: 'TypeID of the event; null when none came.',
      resolve: ({ eventId }) => (eventId === null ? null : encodeTypeId(ID_PREFIXES.receivedEvent, eventId)),
    }),
    sender: t.exposeString('sender', { nullable: true, description: 'Who sent the event.' }),
    at: t.field({ type: 'DateTime', description: 'When the wait ended.', resolve: ({ atMs }) => new Date(atMs) }),
  }),
})

const LeasedTask = builder.objectRef<ClaimedTask>('LeasedTask').implement({
  description: 'A task under a lease, with what its handler needs.',
  fields: (t) => ({
    id: t.id({ description: 'TypeID of the task.', resolve: ({ id }) => encodeTypeId(ID_PREFIXES.task, id) }),
    name: t.exposeString('name', { description: 'What people call it.' }),
    type: t.exposeString('type', { description: 'Name of its task type.' }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What to work on.',
      resolve: ({ input }) => input as JsonValue,
    }),
    labels: t.field({
      type: 'JSON',
      description: 'Its labels: one object of strings.',
      resolve: ({ labels }) => labels as JsonValue,
    }),
    attempt: t.exposeInt('attempt', { description: 'Number of this attempt, from 1.' }),
    epoch: t.exposeInt('epoch', { description: 'Fencing token: goes with every report about this lease.' }),
    version: t.exposeInt('version', { description: 'Version of the task, from 1.' }),
    wakeAt: t.expose('wakeAt', {
      type: 'DateTime',
      description: 'When the attempt is ended from outside, unless progress is reported.',
    }),
    timeLeft: t.field({
      type: 'Duration',
      description: 'How long the attempt may still run; a sign of life does not change it.',
      resolve: ({ timeLeftMs }) => timeLeftMs,
    }),
    answers: t.field({
      type: [WaitAnswer],
      description:
        'How its latest ten waits for events have ended, the earliest first; empty when it never waited for one.',
      resolve: ({ answers }) => [...(answers ?? [])],
    }),
  }),
})

interface Claimed {
  readonly tasks: readonly ClaimedTask[]
  readonly hasMore: boolean
  readonly state: WorkerState
  readonly waitedMs: number
}

const ClaimTasksSuccess = builder.objectRef<Claimed>('ClaimTasksSuccess').implement({
  description: 'The tasks that were leased; none when nothing came in time or the worker may not claim.',
  fields: (t) => ({
    tasks: t.field({
      type: [LeasedTask],
      description: 'In the order in which they should be run.',
      resolve: ({ tasks }) => [...tasks],
    }),
    hasMore: t.exposeBoolean('hasMore', { description: 'Whether others wait that could not be taken now.' }),
    state: t.field({
      type: WorkerStateEnum,
      description: 'What the worker is: DRAINING gets nothing; LOST or STOPPED must sign on anew.',
      resolve: ({ state }) => state,
    }),
    waited: t.field({
      type: 'Duration',
      description: 'How long it waited for work.',
      resolve: ({ waitedMs }) => waitedMs,
    }),
  }),
})

builder.mutationFields((t) => ({
  claimTasks: t.errorUnionField({
    types: [ClaimTasksSuccess, InvalidInput, NotFound],
    union: {
      name: 'ClaimTasksResult',
      description: 'What came of a claim.',
      resolveType: () => 'ClaimTasksSuccess',
    },
    description:
      'Leases tasks to a worker, or waits until it can. At most four claims of a worker wait; a further one ends the oldest.',
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: ClaimTasksInput, required: true, description: 'What the worker can take.' }) },
    resolve: async (_root, { input }, { tenant, workers, signal }) => {
      const workerId = workerOf(input)
      const { requestId, types, limit } = input
      const claim = await workers.claim({ tenant, workerId, types, limit, requestId, waitMs: input.wait ?? 0 }, signal)
      if (claim === null) throw new NotFound('worker', input.workerId, ['input', 'workerId'])
      return claim
    },
  }),
}))
