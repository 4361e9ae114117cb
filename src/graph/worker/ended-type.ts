import type { AttemptEnded } from '../../engine/attempt-end.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { TaskStatusEnum } from '../task/task-enums.ts'

/** The payload of an end that was taken. */
export function endedType(name: string, description: string) {
  return builder.objectRef<AttemptEnded>(name).implement({
    description,
    fields: (t) => ({
      taskId: t.id({
        description: 'TypeID of the task.',
        resolve: ({ taskId }) => encodeTypeId(ID_PREFIXES.task, taskId),
      }),
      status: t.field({
        type: TaskStatusEnum,
        description: 'Where the task stands.',
        resolve: ({ status }) => status,
      }),
      version: t.exposeInt('version', { description: 'Version of the task, from 1.' }),
    }),
  })
}
