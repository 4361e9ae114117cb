import { EVENT_KINDS } from '../../event/event.ts'
import type { JsonValue } from '../../task/json.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { loadTask } from '../task/load-task.ts'
import { Task } from '../task/task.ts'
import { TaskStatusEnum } from '../task/task-enums.ts'
import type { LoggedEvent } from './event-reader.ts'

/** Anything that happened. */
export const Event = builder.interfaceRef<LoggedEvent>('Event').implement({
  description: 'A fact about something that happened. Facts never change.',
  // A newer process of the same cluster may write kinds that this one does not know yet.
  resolveType: ({ kind }) => (kind in EVENT_KINDS ? kind : 'OtherEvent'),
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Number of the event, as decimal digits; grows within one task.' }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: 'Position right after it: `after: cursor` goes on with the next.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was written.' }),
    actor: t.exposeString('actor', { nullable: true, description: 'Who caused it; null when the system did.' }),
  }),
})

/** Anything that happened to a task. */
export const TaskEvent = builder.interfaceRef<LoggedEvent>('TaskEvent').implement({
  description: 'Something that happened to a task.',
  interfaces: [Event],
  fields: (t) => ({
    task: t.field({
      type: Task,
      nullable: true,
      description: 'The task as it is now, which may be newer than the event; null when it was removed since.',
      resolve: ({ taskId }, _args, context, info) => (taskId === null ? null : loadTask(context, info, taskId)),
    }),
    taskId: t.id({
      description: 'TypeID of the task.',
      resolve: ({ taskId }) => encodeTypeId(ID_PREFIXES.task, taskId ?? ''),
    }),
    taskType: t.string({ description: 'Name of its type.', resolve: ({ taskType }) => taskType ?? '' }),
    version: t.int({
      description: 'Version of the task after this. Counts up by one from event to event: a gap would be a loss.',
      resolve: ({ version }) => version ?? 0,
    }),
    status: t.field({
      type: TaskStatusEnum,
      description: 'Where the task stood after this.',
      resolve: ({ status }) => status as 'READY',
    }),
  }),
})

builder.objectRef<LoggedEvent>('OtherEvent').implement({
  description: 'Something of a kind that this server is too old to know.',
  interfaces: [Event],
  fields: (t) => ({
    kind: t.exposeString('kind', { description: 'Name of the kind.' }),
    payload: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it says.',
      resolve: ({ payload }) => payload as JsonValue,
    }),
  }),
})
