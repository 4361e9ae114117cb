import { builder } from '../builder.ts'
import { TaskPriorityEnum, TaskStatusEnum } from './task-enums.ts'

const TaskStatusFilter = builder.inputType('TaskStatusFilter', {
  description: 'Conditions on a status; all that are given must hold.',
  fields: (t) => ({
    eq: t.field({ type: TaskStatusEnum, description: 'It is this.' }),
    in: t.field({ type: [TaskStatusEnum], description: 'It is one of these.' }),
    notIn: t.field({ type: [TaskStatusEnum], description: 'It is none of these.' }),
  }),
})

const TaskPriorityFilter = builder.inputType('TaskPriorityFilter', {
  description: 'Conditions on a priority; all that are given must hold.',
  fields: (t) => ({
    eq: t.field({ type: TaskPriorityEnum, description: 'It is this.' }),
    in: t.field({ type: [TaskPriorityEnum], description: 'It is one of these.' }),
    notIn: t.field({ type: [TaskPriorityEnum], description: 'It is none of these.' }),
  }),
})

const StringFilter = builder.inputType('StringFilter', {
  description: 'Conditions on a text; all that are given must hold. Case counts.',
  fields: (t) => ({
    eq: t.string({ description: 'It is this.' }),
    in: t.stringList({ description: 'It is one of these.' }),
  }),
})

/** Conditions on a time, for lists of anything. */
export const DateTimeFilter = builder.inputType('DateTimeFilter', {
  description: 'Conditions on a time; all that are given must hold. What has no such time does not match.',
  fields: (t) => ({
    gt: t.field({ type: 'DateTime', description: 'Later than this.' }),
    gte: t.field({ type: 'DateTime', description: 'This or later.' }),
    lt: t.field({ type: 'DateTime', description: 'Earlier than this.' }),
    lte: t.field({ type: 'DateTime', description: 'This or earlier.' }),
  }),
})

const TagFilter = builder.inputType('TagFilter', {
  description: 'Conditions on tags; all that are given must hold.',
  fields: (t) => ({
    has: t.string({ description: 'This tag is among them.' }),
    hasEvery: t.stringList({ description: 'All of these are among them.' }),
    hasSome: t.stringList({ description: 'At least one of these is among them.' }),
  }),
})

const LabelFilter = builder.inputType('LabelFilter', {
  description: 'Conditions on labels.',
  fields: (t) => ({
    contains: t.field({ type: 'JSON', description: 'An object: every name in it is a label with that value.' }),
  }),
})

/** The shape of a filter as the resolver gets it; written out because it contains itself. */
export interface TaskFilter {
  readonly status?: typeof TaskStatusFilter.$inferInput | null
  readonly type?: typeof StringFilter.$inferInput | null
  readonly priority?: typeof TaskPriorityFilter.$inferInput | null
  readonly createdAt?: typeof DateTimeFilter.$inferInput | null
  readonly finishedAt?: typeof DateTimeFilter.$inferInput | null
  readonly scheduledFor?: typeof DateTimeFilter.$inferInput | null
  readonly deadline?: typeof DateTimeFilter.$inferInput | null
  readonly tags?: typeof TagFilter.$inferInput | null
  readonly labels?: typeof LabelFilter.$inferInput | null
  readonly parentId?: string | null
  readonly scheduleId?: string | null
  readonly isOverdue?: boolean | null
  readonly createdBy?: string | null
  readonly idempotencyKey?: string | null
  readonly and?: readonly TaskFilter[] | null
  readonly or?: readonly TaskFilter[] | null
  readonly not?: TaskFilter | null
}

/** The argument of lists of tasks. */
export const TaskFilterInput = builder.inputRef<TaskFilter>('TaskFilter').implement({
  description: 'Which tasks are wanted. All conditions that are given must hold; at most 50 in all, 5 levels deep.',
  fields: (t) => ({
    status: t.field({ type: TaskStatusFilter, description: 'Where it stands.' }),
    type: t.field({ type: StringFilter, description: 'Name of its task type.' }),
    priority: t.field({ type: TaskPriorityFilter, description: 'How urgent it is.' }),
    createdAt: t.field({ type: DateTimeFilter, description: 'When it was created.' }),
    finishedAt: t.field({ type: DateTimeFilter, description: 'When it ended.' }),
    scheduledFor: t.field({ type: DateTimeFilter, description: 'Not to start before.' }),
    deadline: t.field({ type: DateTimeFilter, description: 'When it should have ended.' }),
    tags: t.field({ type: TagFilter, description: 'Its tags.' }),
    labels: t.field({ type: LabelFilter, description: 'Its labels.' }),
    scheduleId: t.id({ description: 'TypeID: that schedule started it.' }),
    isOverdue: t.boolean({ description: 'Whether its deadline passed before it had ended.' }),
    parentId: t.id({ description: 'TypeID of the task that it is a part of.' }),
    createdBy: t.string({ description: 'Name of the principal that created it.' }),
    idempotencyKey: t.string({ description: 'The key it was created with.' }),
    and: t.field({ type: [TaskFilterInput as never], description: 'All of these hold.' }) as never,
    or: t.field({ type: [TaskFilterInput as never], description: 'At least one of these holds.' }) as never,
    not: t.field({ type: TaskFilterInput as never, description: 'This does not hold.' }) as never,
  }),
})
