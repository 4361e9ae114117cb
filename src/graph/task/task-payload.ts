import type { GraphQLResolveInfo } from 'graphql'
import type { Actor } from '../../engine/engine.ts'
import type { Result } from '../../task/refusal.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { failureOf, type PathOf } from '../user-failure.ts'
import { loadTask } from './load-task.ts'
import { Task } from './task.ts'

/** What a verb about one task leaves for its payload. */
export interface OneTaskDone {
  /** uuid */
  readonly taskId: string
}

/** The payload of a verb about one task. */
export function taskPayload<Done extends OneTaskDone = OneTaskDone>(name: string, description: string) {
  return builder.objectRef<Done>(name).implement({
    description,
    fields: (t) => ({
      task: t.field({
        type: Task,
        description: 'The task as it is now.',
        resolve: ({ taskId }, _args, context, info) => readTask(context, info, taskId),
      }),
    }),
  })
}

/** On whose behalf an operation acts; the rules of the fields have let nobody through unrecognised. */
export function actorOf({ principal, tenant }: GraphContext): Actor {
  if (principal === null) throw new Error('A mutation ran for nobody')
  return { tenant, name: principal.name }
}

/** The value of a verb's result, or its refusal thrown as the error that the result union holds. */
export function valueOrThrow<T>(result: Result<T>, pathOf: PathOf): T {
  if (result.ok) return result.value
  throw failureOf(result.refusal, pathOf)
}

async function readTask(context: GraphContext, info: GraphQLResolveInfo, taskId: string) {
  const task = await loadTask(context, info, taskId)
  if (task === null) throw new Error(`Task ${taskId} is gone right after it was written`)
  return task
}
