import { builder } from '../builder.ts'
import { ResourcesInput } from './resources-input.ts'
import { DependencyKindEnum, RetryStrategyEnum, TaskPriorityEnum, UniqueModeEnum, UnmetRuleEnum } from './task-enums.ts'

/** What makes the fields of an input. */
export type InputFields = PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>

const TaskDependencyInput = builder.inputType('TaskDependencyInput', {
  description: 'A task that has to end first: one that exists, by `taskId`, or one of the same call, by `key`.',
  fields: (t) => ({
    taskId: t.id({ description: 'TypeID of a task that exists.' }),
    key: t.string({ description: 'Key of another task in the same call.' }),
    kind: t.field({ type: DependencyKindEnum, description: 'What is needed of it; COMPLETION when absent.' }),
    inputField: t.string({ description: 'For DATA, and only then: the field of the input that its output becomes.' }),
    condition: t.string({
      description:
        'For CONDITIONAL, and only then: a CEL expression over `status`, `attempt`, `output` and `error` of the ended task, at most 4,000 characters.',
    }),
    onUnmet: t.field({
      type: UnmetRuleEnum,
      description: 'What follows when it does not end as needed; SKIP when absent.',
    }),
  }),
})

/** Part of a task to make, and of what the tasks of a type start with. */
export const RetryPolicyInput = builder.inputType('RetryPolicyInput', {
  description: 'How failed attempts are repeated; what is absent is taken from the default.',
  fields: (t) => ({
    maxAttempts: t.int({ description: 'Attempts in all, 1 (no retry) to 1,000; 3 when absent.' }),
    strategy: t.field({ type: RetryStrategyEnum, description: 'How the delay grows; EXPONENTIAL when absent.' }),
    initial: t.field({ type: 'Duration', description: 'Delay after the first failure; PT1S when absent.' }),
    factor: t.float({ description: 'What EXPONENTIAL multiplies by, 1 to 100; 2 when absent.' }),
    max: t.field({ type: 'Duration', description: 'No delay is longer; PT1H when absent.' }),
    jitter: t.float({ description: 'Share of the delay that is random, 0 to 1; 0.2 when absent.' }),
    nonRetryableCodes: t.stringList({ description: 'Error codes that end the task at once; none when absent.' }),
  }),
})

/** Part of a task to make, and of what the tasks of a type start with. */
export const TimeoutsInput = builder.inputType('TimeoutsInput', {
  description: 'Limits on the time of a task, each longer than zero.',
  fields: (t) => ({
    queue: t.field({ type: 'Duration', description: 'From READY to the claim; no limit when absent.' }),
    attempt: t.field({ type: 'Duration', description: 'Run time of one attempt; PT1H when absent.' }),
    total: t.field({
      type: 'Duration',
      description: 'From creation, or from `scheduledFor`, to the end; no limit when absent.',
    }),
    heartbeat: t.field({ type: 'Duration', description: 'Longest silence of the handler; no limit when absent.' }),
  }),
})

const WorkerPreferenceInput = builder.inputType('WorkerPreferenceInput', {
  description: 'Workers that a task would rather have.',
  fields: (t) => ({
    selector: t.string({ required: true, description: 'Conditions on their labels, written as for `workerSelector`.' }),
    weight: t.int({ description: 'How much they count, 1 to 100; 1 when absent.' }),
  }),
})

const UniqueInput = builder.inputType('UniqueInput', {
  description: 'That tasks of one type with the same key are one: asked for again, the task that stands is the answer.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'What they have in common, 1 to 500 characters.' }),
    mode: t.field({
      type: UniqueModeEnum,
      required: true,
      description: 'When one stands for another. Keys of different modes never meet.',
    }),
    period: t.field({
      type: 'Duration',
      description: 'For THROTTLE and DEBOUNCE, and only then: how long, 366 days at most.',
    }),
    maxDelay: t.field({
      type: 'Duration',
      description:
        'For DEBOUNCE: starts this long after the first call at the latest; a steady stream of calls puts it off for ever when absent.',
    }),
  }),
})

/** One task to make. */
export const CreateTaskInput = builder.inputType('CreateTaskInput', {
  description: 'A task to make.',
  fields: (t) => ({
    ...newTaskFields(t),
    idempotencyKey: t.string({
      description:
        'The same key with the same input answers the same task, for 24 hours at least; 1 to 500 characters.',
    }),
    unique: t.field({ type: UniqueInput, description: 'Makes it only when no other stands for its key.' }),
  }),
})

/** One task of several to make. */
export const NewTaskInput = builder.inputType('NewTaskInput', {
  description: 'One of several tasks to make together.',
  fields: (t) => ({
    key: t.string({ description: 'Names it to others of the same call; 1 to 200 characters, unique in the call.' }),
    ...newTaskFields(t),
  }),
})

/** Several tasks to make. */
export const CreateTasksInput = builder.inputType('CreateTasksInput', {
  description: 'Tasks to make together: all of them or none.',
  fields: (t) => ({
    tasks: t.field({ type: [NewTaskInput], required: true, description: 'The tasks, 1 to 10,000.' }),
    idempotencyKey: t.string({
      description:
        'The same key with the same tasks answers the same result, for 24 hours at least; 1 to 500 characters.',
    }),
  }),
})

function newTaskFields(t: InputFields) {
  return {
    ...detailFields(t),
    name: t.string({ required: true, description: 'What people call it, 1 to 500 characters.' }),
    type: t.string({ required: true, description: 'Name of its task type, in lower snake case.' }),
    queue: t.string({
      description:
        'The queue that it waits in, 1 to 100 characters: workers that serve the queue run it, and it can be paused as a whole. `default` when absent.',
    }),
    scheduledFor: t.field({
      type: 'DateTime',
      description: 'Not to start before this, a time to come; as soon as it can when absent.',
    }),
    deadline: t.field({
      type: 'DateTime',
      description: 'When it should have ended, a time to come. Orders work, stops nothing.',
    }),
    dependsOn: t.field({ type: [TaskDependencyInput], description: 'What has to end first.' }),
    workerSelector: t.string({
      description:
        'Conditions on the labels of the worker, all of which must hold: gpu, !spot, region=eu, tier!=free, zone in (a,b), zone notin (c). Any worker when absent.',
    }),
    workerPreferences: t.field({
      type: [WorkerPreferenceInput],
      description:
        'Workers that it would rather have, at most 10: among those that may run it the ones with the largest sum of weights.',
    }),
    preferenceGrace: t.field({
      type: 'Duration',
      description:
        'So long it waits for a better worker while one lives; then any may have it. Up to P1D; PT5S when absent.',
    }),
    concurrencyKey: t.string({
      description:
        'Of the tasks with one key so many run at once as `configureScheduling` says; one where it says nothing.',
    }),
    rateKey: t.string({
      description:
        'The tasks with one key start as often as `configureScheduling` says; as they come where it says nothing.',
    }),
    fairnessKey: t.string({ description: 'Whose share of the workers it counts against; its creator when absent.' }),
    parentId: t.id({ description: 'TypeID of the task that it is a part of.' }),
  }
}

/** What a task that is made now and one that a schedule makes are asked for alike. */
export function detailFields(t: InputFields) {
  return {
    input: t.field({
      type: 'JSON',
      description: 'What the handler works on, at most 1 MB; must fit the input schema of the type.',
    }),
    description: t.string({ description: 'What it is for, at most 10,000 characters.' }),
    priority: t.field({
      type: TaskPriorityEnum,
      description: 'How urgent it is; that of the type, else MEDIUM, when absent.',
    }),
    estimatedDuration: t.field({ type: 'Duration', description: 'How long it will run, as far as you know.' }),
    retry: t.field({ type: RetryPolicyInput, description: 'How failures are repeated.' }),
    timeouts: t.field({ type: TimeoutsInput, description: 'Limits on its time.' }),
    resources: t.field({ type: ResourcesInput, description: 'What it takes of its worker.' }),
    tags: t.stringList({ description: 'Words to find it by: at most 100, of 1 to 200 characters.' }),
    labels: t.field({
      type: 'JSON',
      description: 'Names and values to find it by: one object of strings, at most 100.',
    }),
  }
}
