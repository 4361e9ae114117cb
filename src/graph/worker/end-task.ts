import type { AttemptEnd, AttemptEnded } from '../../engine/attempt-end.ts'
import { endAttempts } from '../../engine/end-attempts.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { InvalidInput } from '../invalid-input.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { NotFound, StaleLease } from '../user-failure.ts'
import {
  completionFields,
  completionOf,
  failureFields,
  failureOf,
  parkFields,
  parkOf,
  releaseFields,
  releaseOf,
} from './end-inputs.ts'
import { endedType } from './ended-type.ts'
import { leaseOf, ownLeaseFields, workerOf } from './lease-inputs.ts'

const REFUSALS = [InvalidInput, NotFound, StaleLease]

const CompleteTaskInput = builder.inputType('CompleteTaskInput', {
  description: 'A task that was done.',
  fields: (t) => ({ ...ownLeaseFields(t), ...completionFields(t) }),
})
const FailTaskInput = builder.inputType('FailTaskInput', {
  description: 'A task whose attempt failed.',
  fields: (t) => ({ ...ownLeaseFields(t), ...failureFields(t) }),
})
const ReleaseTaskInput = builder.inputType('ReleaseTaskInput', {
  description: 'A task to give back.',
  fields: (t) => ({ ...ownLeaseFields(t), ...releaseFields(t) }),
})
const ParkTaskInput = builder.inputType('ParkTaskInput', {
  description: 'A task to park.',
  fields: (t) => ({ ...ownLeaseFields(t), ...parkFields(t) }),
})

const CompleteTaskSuccess = endedType('CompleteTaskSuccess', 'The task is COMPLETED.')
const FailTaskSuccess = endedType('FailTaskSuccess', 'The attempt has failed: the task is RETRYING or FAILED.')
const ReleaseTaskSuccess = endedType('ReleaseTaskSuccess', 'The task is READY again, or SCHEDULED for its delay.')
const ParkTaskSuccess = endedType(
  'ParkTaskSuccess',
  'The task is WAITING, or READY when what it waits for had come before.',
)

const REPEAT = 'Sent again after a lost answer it does nothing twice.'

builder.mutationFields((t) => ({
  completeTask: t.errorUnionField({
    types: [CompleteTaskSuccess, ...REFUSALS],
    union: {
      name: 'CompleteTaskResult',
      description: 'What came of completing a task.',
      resolveType: () => 'CompleteTaskSuccess',
    },
    description: `Ends an attempt as a success. ${REPEAT}`,
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: CompleteTaskInput, required: true, description: 'The task.' }) },
    resolve: (_root, { input }, context) => endOne(context, input, completionOf(input, ['input'])),
  }),
  failTask: t.errorUnionField({
    types: [FailTaskSuccess, ...REFUSALS],
    union: {
      name: 'FailTaskResult',
      description: 'What came of failing a task.',
      resolveType: () => 'FailTaskSuccess',
    },
    description: `Ends an attempt as a failure; the task’s retry policy decides what follows. ${REPEAT}`,
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: FailTaskInput, required: true, description: 'The task.' }) },
    resolve: (_root, { input }, context) => endOne(context, input, failureOf(input)),
  }),
  releaseTask: t.errorUnionField({
    types: [ReleaseTaskSuccess, ...REFUSALS],
    union: {
      name: 'ReleaseTaskResult',
      description: 'What came of releasing a task.',
      resolveType: () => 'ReleaseTaskSuccess',
    },
    description: `Gives a task back unfinished, which counts as no failure. ${REPEAT}`,
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: ReleaseTaskInput, required: true, description: 'The task.' }) },
    resolve: (_root, { input }, context) => endOne(context, input, releaseOf(input)),
  }),
  parkTask: t.errorUnionField({
    types: [ParkTaskSuccess, ...REFUSALS],
    union: {
      name: 'ParkTaskResult',
      description: 'What came of parking a task.',
      resolveType: () => 'ParkTaskSuccess',
    },
    description: `Lets a task wait without a worker; then its attempt goes on with whoever claims it. ${REPEAT}`,
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: ParkTaskInput, required: true, description: 'The task.' }) },
    resolve: (_root, { input }, context) => endOne(context, input, parkOf(input, ['input'])),
  }),
}))

async function endOne(
  context: GraphContext,
  input: { readonly workerId: string; readonly taskId: string; readonly epoch: number },
  end: AttemptEnd,
): Promise<AttemptEnded> {
  const lease = { ...leaseOf(input, ['input']), workerId: workerOf(input) }
  const [answer] = await endAttempts(context.engine, actorOf(context), [{ ...lease, end }])
  return valueOrThrow(answer!, (path) => ['input', ...path])
}
