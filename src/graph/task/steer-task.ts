import { pauseTask } from '../../engine/pause-task.ts'
import { resumeTask } from '../../engine/resume-task.ts'
import { retryTask } from '../../engine/retry-task.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { IllegalTransition, NotFound, VersionConflict } from '../user-failure.ts'
import { actorOf, taskPayload, valueOrThrow } from './task-payload.ts'

const REFUSALS = [InvalidInput, NotFound, IllegalTransition, VersionConflict]

const PauseTaskInput = steerInput('PauseTaskInput', 'A task to hold back.')
const ResumeTaskInput = steerInput('ResumeTaskInput', 'A task to let go on.')
const RetryTaskInput = steerInput('RetryTaskInput', 'A task to run again.')

const PauseTaskSuccess = taskPayload('PauseTaskSuccess', 'The task is held back.')
const ResumeTaskSuccess = taskPayload('ResumeTaskSuccess', 'The task goes on.')
const RetryTaskSuccess = taskPayload('RetryTaskSuccess', 'The task starts anew, with all its attempts before it.')

builder.mutationFields((t) => ({
  pauseTask: t.errorUnionField({
    types: [PauseTaskSuccess, ...REFUSALS],
    union: {
      name: 'PauseTaskResult',
      description: 'What came of pausing a task.',
      resolveType: () => 'PauseTaskSuccess',
    },
    description:
      'Holds back a task that waits, until it is resumed. One that runs is not paused: its handler could not know.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: PauseTaskInput, required: true, description: 'The task to hold back.' }) },
    resolve: (_root, { input }, context) => steer(context, pauseTask, input),
  }),
  resumeTask: t.errorUnionField({
    types: [ResumeTaskSuccess, ...REFUSALS],
    union: {
      name: 'ResumeTaskResult',
      description: 'What came of resuming a task.',
      resolveType: () => 'ResumeTaskSuccess',
    },
    description: 'Lets a paused task go on where it stood.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: ResumeTaskInput, required: true, description: 'The task to let go on.' }) },
    resolve: (_root, { input }, context) => steer(context, resumeTask, input),
  }),
  retryTask: t.errorUnionField({
    types: [RetryTaskSuccess, ...REFUSALS],
    union: {
      name: 'RetryTaskResult',
      description: 'What came of retrying a task.',
      resolveType: () => 'RetryTaskSuccess',
    },
    description: 'Runs a task again that has ended without success, or at once one that waits for its back-off.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: RetryTaskInput, required: true, description: 'The task to run again.' }) },
    resolve: (_root, { input }, context) => steer(context, retryTask, input),
  }),
}))

function steerInput(name: string, description: string) {
  return builder.inputType(name, {
    description,
    fields: (t) => ({
      id: t.id({ required: true, description: 'TypeID of the task.' }),
      expectedVersion: t.int({ description: 'Refuse when the task is not at this version, from 1.' }),
    }),
  })
}

async function steer(
  context: GraphContext,
  verb: typeof pauseTask,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null },
) {
  const taskId = uuidOfField(ID_PREFIXES.task, id, ['input', 'id'])
  const request = { taskId, ...(expectedVersion != null && { expectedVersion }) }
  valueOrThrow(await verb(context.engine, actorOf(context), request), (path) => ['input', ...path])
  return { taskId }
}
