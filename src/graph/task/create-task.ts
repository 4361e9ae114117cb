import { createTasks } from '../../engine/create-tasks.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { DependencyCycle, IdempotencyConflict, NotFound, UnknownTaskType } from '../user-failure.ts'
import { CreateTaskInput, CreateTasksInput } from './create-task-input.ts'
import { loadTask } from './load-task.ts'
import { newTaskOf, uniqueOf } from './new-task-of.ts'
import { Task } from './task.ts'
import { actorOf, type OneTaskDone, taskPayload, valueOrThrow } from './task-payload.ts'

const MOST_TASKS_SHOWN = 100

interface TaskMade extends OneTaskDone {
  readonly wasCreated: boolean
}

const CreateTaskSuccess = taskPayload<TaskMade>(
  'CreateTaskSuccess',
  'The task was made, or one stands for it: made before with the same idempotency key, or under the same unique key.',
)

builder.objectField(CreateTaskSuccess, 'wasCreated', (t) =>
  t.exposeBoolean('wasCreated', { description: 'Whether this call made the task; false when another stands for it.' }),
)

interface TasksMade {
  /** uuids */
  readonly taskIds: readonly string[]
  readonly isReplay: boolean
}

const CreateTasksSuccess = builder.objectRef<TasksMade>('CreateTasksSuccess').implement({
  description: 'The tasks were made, or had been made before with the same idempotency key.',
  fields: (t) => ({
    taskIds: t.idList({
      description: 'TypeIDs of all of them, in the order of the input.',
      resolve: ({ taskIds }) => taskIds.map((id) => encodeTypeId(ID_PREFIXES.task, id)),
    }),
    tasks: t.field({
      type: [Task],
      description: `The first ${MOST_TASKS_SHOWN} of them as they are now, in the order of the input.`,
      resolve: async ({ taskIds }, _args, context, info) => {
        const tasks = await Promise.all(taskIds.slice(0, MOST_TASKS_SHOWN).map((id) => loadTask(context, info, id)))
        return tasks.filter((task) => task !== null)
      },
    }),
    isReplay: t.exposeBoolean('isReplay', {
      description: 'Whether they had been made before, with the same idempotency key.',
    }),
  }),
})

const REFUSALS = [InvalidInput, UnknownTaskType, NotFound, DependencyCycle, IdempotencyConflict]

builder.mutationFields((t) => ({
  createTask: t.errorUnionField({
    types: [CreateTaskSuccess, ...REFUSALS],
    union: {
      name: 'CreateTaskResult',
      description: 'What came of making a task.',
      resolveType: () => 'CreateTaskSuccess',
    },
    description: 'Makes a task. It runs as soon as its dependencies, its time and a worker allow.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: CreateTaskInput, required: true, description: 'The task to make.' }) },
    resolve: async (_root, { input }, context) => {
      const { idempotencyKey, unique, ...task } = input
      const result = await createTasks(context.engine, actorOf(context), {
        verb: 'createTask',
        tasks: [newTaskOf(task, ['input'])],
        ...(idempotencyKey != null && { idempotencyKey }),
        ...(unique != null && { unique: uniqueOf(unique) }),
      })
      const { taskIds, isReplay, isStanding } = valueOrThrow(result, (path) => ['input', ...path])
      return { taskId: taskIds[0]!, wasCreated: !isReplay && !isStanding }
    },
  }),
  createTasks: t.errorUnionField({
    types: [CreateTasksSuccess, ...REFUSALS],
    union: {
      name: 'CreateTasksResult',
      description: 'What came of making tasks.',
      resolveType: () => 'CreateTasksSuccess',
    },
    description: 'Makes tasks together, all or none; they may depend on each other by key.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: CreateTasksInput, required: true, description: 'The tasks to make.' }) },
    resolve: async (_root, { input }, context) => {
      const result = await createTasks(context.engine, actorOf(context), {
        verb: 'createTasks',
        tasks: input.tasks.map((task, index) => newTaskOf(task, ['input', 'tasks', index])),
        ...(input.idempotencyKey != null && { idempotencyKey: input.idempotencyKey }),
      })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
}))
