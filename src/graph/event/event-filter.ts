import { EVENT_KINDS, type EventKind } from '../../event/event.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { uuidOfArgument } from '../node-id.ts'
import { requestError } from '../request-error.ts'
import { TaskStatusEnum } from '../task/task-enums.ts'
import type { EventFilter } from './event-reader.ts'

const MAX_VALUES = 1000

const KINDS = Object.keys(EVENT_KINDS) as EventKind[]

const EventKindEnum = builder.enumType('EventKind', {
  description: 'What can happen. Each value has an object type of the same name.',
  values: Object.fromEntries(
    KINDS.map((kind) => [enumNameOf(kind), { value: kind, description: EVENT_KINDS[kind] }]),
  ) as {
    [name: string]: { value: EventKind; description: string }
  },
})

const EventKindFilter = builder.inputType('EventKindFilter', {
  description: 'Conditions on what happened; all that are given must hold.',
  fields: (t) => ({
    eq: t.field({ type: EventKindEnum, description: 'It is this.' }),
    in: t.field({ type: [EventKindEnum], description: 'It is one of these.' }),
  }),
})

const EventStatusFilter = builder.inputType('EventStatusFilter', {
  description: 'Conditions on where the task stood after the event; all that are given must hold.',
  fields: (t) => ({
    eq: t.field({ type: TaskStatusEnum, description: 'It is this.' }),
    in: t.field({ type: [TaskStatusEnum], description: 'It is one of these.' }),
  }),
})

const TaskIdFilter = builder.inputType('TaskIdFilter', {
  description: 'Conditions on the task; all that are given must hold.',
  fields: (t) => ({
    eq: t.id({ description: 'TypeID: it is this task.' }),
    in: t.idList({ description: 'TypeIDs: it is one of these, at most 1,000.' }),
  }),
})

const ScheduleIdFilter = builder.inputType('ScheduleIdFilter', {
  description: 'Conditions on the schedule; all that are given must hold.',
  fields: (t) => ({
    eq: t.id({ description: 'TypeID: it is this schedule.' }),
    in: t.idList({ description: 'TypeIDs: it is one of these, at most 1,000.' }),
  }),
})

const RunIdFilter = builder.inputType('RunIdFilter', {
  description: 'Conditions on the run of a workflow; all that are given must hold.',
  fields: (t) => ({
    eq: t.id({ description: 'TypeID: it is this run.' }),
    in: t.idList({ description: 'TypeIDs: it is one of these, at most 1,000.' }),
  }),
})

const TaskTypeNameFilter = builder.inputType('TaskTypeNameFilter', {
  description: 'Conditions on the name of the task type; all that are given must hold.',
  fields: (t) => ({
    eq: t.string({ description: 'It is this.' }),
    in: t.stringList({ description: 'It is one of these.' }),
  }),
})

/** The argument of everything that reads the event log. */
export const EventFilterInput = builder.inputType('EventFilter', {
  description: 'Which events are wanted. All conditions that are given must hold.',
  fields: (t) => ({
    kind: t.field({ type: EventKindFilter, description: 'What happened.' }),
    taskId: t.field({ type: TaskIdFilter, description: 'To which task.' }),
    scheduleId: t.field({ type: ScheduleIdFilter, description: 'To which schedule.' }),
    runId: t.field({ type: RunIdFilter, description: 'To which run of a workflow, or a step of it.' }),
    taskType: t.field({ type: TaskTypeNameFilter, description: 'To tasks of which type.' }),
    status: t.field({ type: EventStatusFilter, description: 'Where the task stood after it.' }),
  }),
})

/** @throws GraphQLError when it holds a malformed id or a list that is too long */
export function eventFilterOf(filter: typeof EventFilterInput.$inferInput | null | undefined): EventFilter {
  const kinds = valuesOf(filter?.kind)
  const taskIds = valuesOf(filter?.taskId)?.map((id) => uuidOfArgument(ID_PREFIXES.task, id))
  const scheduleIds = valuesOf(filter?.scheduleId)?.map((id) => uuidOfArgument(ID_PREFIXES.schedule, id))
  const runIds = valuesOf(filter?.runId)?.map((id) => uuidOfArgument(ID_PREFIXES.run, id))
  const taskTypes = valuesOf(filter?.taskType)
  const statuses = valuesOf(filter?.status)
  return {
    ...(kinds && { kinds }),
    ...(taskIds && { taskIds }),
    ...(scheduleIds && { scheduleIds }),
    ...(runIds && { runIds }),
    ...(taskTypes && { taskTypes }),
    ...(statuses && { statuses }),
  }
}

/** The values that satisfy both conditions; null when there is none to satisfy. */
function valuesOf<T extends string>(
  filter: { eq?: T | null; in?: readonly T[] | null } | null | undefined,
): readonly T[] | null {
  const { eq, in: some } = filter ?? {}
  if (some != null && some.length > MAX_VALUES) {
    throw requestError(
      'BAD_USER_INPUT',
      `A list in the filter has ${some.length} entries: at most ${MAX_VALUES} are taken.`,
    )
  }
  if (eq == null) return some ?? null
  return some == null || some.includes(eq) ? [eq] : []
}

/** @returns `TASK_CREATED` for `TaskCreated` */
function enumNameOf(kind: EventKind): string {
  return kind.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase()
}
