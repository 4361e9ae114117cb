import { cancelTask } from '../../engine/cancel-task.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { IllegalTransition, NotFound, VersionConflict } from '../user-failure.ts'
import { loadTask } from './load-task.ts'
import { Task } from './task.ts'
import { actorOf, valueOrThrow } from './task-payload.ts'

const CascadeInput = builder.inputType('CancelCascadeInput', {
  description: 'What is cancelled along with a task.',
  fields: (t) => ({
    children: t.boolean({ required: true, defaultValue: true, description: 'Its parts, and theirs.' }),
    dependents: t.boolean({
      required: true,
      defaultValue: false,
      description: 'Tasks that wait for it, and for those; otherwise they follow their own rule.',
    }),
  }),
})

const CancelTaskInput = builder.inputType('CancelTaskInput', {
  description: 'A task to cancel.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the task.' }),
    reason: t.string({ description: 'Why; kept with the task.' }),
    cascade: t.field({ type: CascadeInput, description: 'What is cancelled along; its children only, when absent.' }),
    expectedVersion: t.int({ description: 'Refuse when the task is not at this version, from 1.' }),
  }),
})

interface Cancelled {
  /** uuid */
  readonly taskId: string
  /** uuids, `taskId` first */
  readonly taskIds: readonly string[]
}

const CancelTaskSuccess = builder.objectRef<Cancelled>('CancelTaskSuccess').implement({
  description: 'The task was cancelled. A handler that runs is told at once and cut off if it does not stop.',
  fields: (t) => ({
    task: t.field({
      type: Task,
      description: 'The task as it is now.',
      resolve: async ({ taskId }, _args, context, info) => {
        const task = await loadTask(context, info, taskId)
        if (task === null) throw new Error(`Task ${taskId} is gone right after it was cancelled`)
        return task
      },
    }),
    cancelledIds: t.idList({
      description: 'TypeIDs of all tasks that were cancelled, this one first.',
      resolve: ({ taskIds }) => taskIds.map((id) => encodeTypeId(ID_PREFIXES.task, id)),
    }),
  }),
})

builder.mutationFields((t) => ({
  cancelTask: t.errorUnionField({
    types: [CancelTaskSuccess, InvalidInput, NotFound, IllegalTransition, VersionConflict],
    union: {
      name: 'CancelTaskResult',
      description: 'What came of cancelling a task.',
      resolveType: () => 'CancelTaskSuccess',
    },
    description: 'Cancels a task that has not ended, and what hangs on it as far as asked.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: CancelTaskInput, required: true, description: 'The task to cancel.' }) },
    resolve: async (_root, { input }, context) => {
      const { reason, cascade, expectedVersion } = input
      const taskId = uuidOfField(ID_PREFIXES.task, input.id, ['input', 'id'])
      const result = await cancelTask(context.engine, actorOf(context), {
        taskId,
        ...(reason != null && { reason }),
        ...(cascade != null && { cascade }),
        ...(expectedVersion != null && { expectedVersion }),
      })
      return { taskId, taskIds: valueOrThrow(result, (path) => ['input', ...path]).taskIds }
    },
  }),
}))
