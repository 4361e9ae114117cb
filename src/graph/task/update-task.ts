import { updateTask } from '../../engine/update-task.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { IllegalTransition, NotFound, VersionConflict } from '../user-failure.ts'
import { labelsOf } from './new-task-of.ts'
import { present } from './present.ts'
import { TaskPriorityEnum } from './task-enums.ts'
import { actorOf, taskPayload, valueOrThrow } from './task-payload.ts'

const UpdateTaskInput = builder.inputType('UpdateTaskInput', {
  description: 'Changes to a task that has not ended. What is absent stays; null takes away what can be absent.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the task.' }),
    expectedVersion: t.int({ description: 'Refuse when the task is not at this version, from 1.' }),
    name: t.string({ description: 'What people call it, 1 to 500 characters.' }),
    description: t.string({ description: 'What it is for, at most 10,000 characters; null: nothing.' }),
    priority: t.field({ type: TaskPriorityEnum, description: 'How urgent it is.' }),
    scheduledFor: t.field({
      type: 'DateTime',
      description:
        'Not to start before this, a time to come; null: as soon as it can. Refused once the task has started.',
    }),
    deadline: t.field({ type: 'DateTime', description: 'When it should have ended, a time to come; null: none.' }),
    tags: t.stringList({ description: 'All its tags from now on: at most 100, of 1 to 200 characters.' }),
    labels: t.field({ type: 'JSON', description: 'All its labels from now on: one object of strings, at most 100.' }),
  }),
})

const UpdateTaskSuccess = taskPayload('UpdateTaskSuccess', 'The task was changed.')

builder.mutationFields((t) => ({
  updateTask: t.errorUnionField({
    types: [UpdateTaskSuccess, InvalidInput, NotFound, IllegalTransition, VersionConflict],
    union: {
      name: 'UpdateTaskResult',
      description: 'What came of changing a task.',
      resolveType: () => 'UpdateTaskSuccess',
    },
    description: 'Changes a task that has not ended; one that waits takes its new place at once.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: UpdateTaskInput, required: true, description: 'The task and its changes.' }) },
    resolve: async (_root, { input }, context) => {
      const { id, expectedVersion, description, scheduledFor, deadline, labels, ...others } = input
      const taskId = uuidOfField(ID_PREFIXES.task, id, ['input', 'id'])
      const result = await updateTask(context.engine, actorOf(context), {
        taskId,
        ...(expectedVersion != null && { expectedVersion }),
        update: {
          ...present(others),
          ...(description !== undefined && { description }),
          ...(scheduledFor !== undefined && { scheduledFor }),
          ...(deadline !== undefined && { deadline }),
          ...(labels != null && { labels: labelsOf(labels, ['input', 'labels']) }),
        },
      })
      valueOrThrow(result, (path) => ['input', ...path])
      return { taskId }
    },
  }),
}))
