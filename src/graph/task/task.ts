import type { JsonValue } from '../../task/json.ts'
import { selectorOf } from '../../task/placement.ts'
import type { AskedPreferences } from '../../task/preference.ts'
import type { TaskResources } from '../../task/resources.ts'
import type { RetryPolicy } from '../../task/retry.ts'
import type { TaskError } from '../../task/task-state.ts'
import { after, earliest } from '../../task/timing.ts'
import { builder } from '../builder.ts'
import { nextTransitionOf } from './load-rates.ts'
import { ResourcesType } from './resources.ts'
import { TaskPriorityEnum, TaskStatusEnum } from './task-enums.ts'
import { ProgressType, RetryPolicyType, TaskErrorType, TimeoutsType } from './task-parts.ts'

const WorkerPreferenceType = builder.objectRef<AskedPreferences['workers'][number]>('WorkerPreference').implement({
  description: 'Workers that a task would rather have.',
  fields: (t) => ({
    selector: t.exposeString('selector', { description: 'Conditions on their labels.' }),
    weight: t.exposeInt('weight', { description: 'How much they count, 1 to 100.' }),
  }),
})

/** A unit of work. Its connections, events and blockers are added by the files that know them. */
export const Task = builder.prismaNode('Task', {
  description: 'A unit of work of one task type.',
  nullable: true,
  id: {
    description: 'TypeID with the prefix `task`.',
    resolve: ({ id }) => id,
  },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What people call it, 1 to 500 characters.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    type: t.relation('type', { description: 'What kind of work it is.' }),
    status: t.expose('status', { type: TaskStatusEnum, description: 'Where it stands.' }),
    priority: t.expose('priority', { type: TaskPriorityEnum, description: 'How urgent it is.' }),
    version: t.exposeInt('version', {
      description: 'Goes up by one at every change, from 1. Events carry it as well.',
    }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What the handler works on; fits the input schema of the type.',
      resolve: ({ input }) => input as JsonValue,
    }),
    output: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What the handler returned, at most 1 MB; null until COMPLETED.',
      resolve: ({ output }) => output as JsonValue,
    }),
    error: t.field({
      type: TaskErrorType,
      nullable: true,
      description: 'The latest failure; stays while it is retried, null once COMPLETED.',
      resolve: ({ error }) => error as unknown as TaskError | null,
    }),
    progress: t.field({
      type: ProgressType,
      nullable: true,
      description: 'How far it is; null when its handler said nothing.',
      resolve: ({ progressFraction, progressMessage }) =>
        progressFraction === null ? null : { fraction: progressFraction, message: progressMessage },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    scheduledFor: t.expose('scheduledFor', {
      type: 'DateTime',
      nullable: true,
      description: 'Not to start before this.',
    }),
    readyAt: t.expose('readyAt', { type: 'DateTime', nullable: true, description: 'When it last became READY.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its first attempt began.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it has not.',
    }),
    deadline: t.expose('deadline', {
      type: 'DateTime',
      nullable: true,
      description: 'When it should have ended. Orders work, stops nothing.',
    }),
    isOverdue: t.boolean({
      description: 'Whether its deadline passed before it had ended.',
      resolve: ({ deadlineMissedAt }) => deadlineMissedAt !== null,
    }),
    deadlineMissedAt: t.expose('deadlineMissedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was seen to have missed its deadline; a new deadline takes that back.',
    }),
    estimatedDuration: t.field({
      type: 'Duration',
      nullable: true,
      description: 'How long its creator thought it would run.',
      resolve: ({ estimatedMs }) => (estimatedMs === null ? null : Number(estimatedMs)),
    }),
    tags: t.exposeStringList('tags', { description: 'Words to find it by.' }),
    labels: t.field({
      type: 'JSON',
      description: 'Names and values to find it by, as one object of strings.',
      resolve: ({ labels }) => labels as JsonValue,
    }),
    retry: t.field({
      type: RetryPolicyType,
      nullable: true,
      description: 'How failures are repeated; null stands for the default: 3 attempts, 1 s, 2 s between them.',
      resolve: ({ retry }) => retry as unknown as RetryPolicy | null,
    }),
    timeouts: t.field({
      type: TimeoutsType,
      description: 'Limits on its time.',
      resolve: (task) => ({
        queueMs: numberOf(task.queueTimeoutMs),
        attemptMs: numberOf(task.attemptTimeoutMs),
        totalMs: numberOf(task.totalTimeoutMs),
        heartbeatMs: numberOf(task.heartbeatTimeoutMs),
      }),
    }),
    workerSelector: t.string({
      nullable: true,
      description: 'Conditions on the labels of the worker, in canonical form; null for any worker.',
      resolve: ({ placement }) => selectorOf(placement) || null,
    }),
    workerPreferences: t.field({
      type: [WorkerPreferenceType],
      description: 'Workers that it would rather have.',
      resolve: ({ preferences }) => [...(preferencesOf(preferences)?.workers ?? [])],
    }),
    preferenceGrace: t.field({
      type: 'Duration',
      nullable: true,
      description: 'So long it waits for a better worker while one lives; null when it prefers none.',
      resolve: ({ preferences }) => preferencesOf(preferences)?.graceMs,
    }),
    resources: t.field({
      type: ResourcesType,
      nullable: true,
      description: 'What it takes of a worker while it runs, as it or its type says; null when neither does.',
      resolve: ({ resources }) => resources as TaskResources | null,
    }),
    queue: t.exposeString('queue', { description: 'The queue that it waits in; workers say which they serve.' }),
    concurrencyKey: t.exposeString('concurrencyKey', {
      nullable: true,
      description: 'Tasks with the same key share a limit.',
    }),
    rateKey: t.exposeString('rateKey', { nullable: true, description: 'Tasks with the same key share a rate.' }),
    fairnessKey: t.exposeString('fairnessKey', {
      nullable: true,
      description: 'Whose share of the workers it counts against.',
    }),
    idempotencyKey: t.exposeString('idempotencyKey', { nullable: true, description: 'The key it was created with.' }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Name of the principal that created it.' }),
    cancelReason: t.exposeString('cancelReason', {
      nullable: true,
      description: 'Why it was cancelled, when somebody said so.',
    }),
    nextTransitionAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When time moves it next, if nothing else does before: the clock, the end of the grace in which it waits for a worker that it prefers, or the next token of its rate, though another may get it; null when time does not.',
      resolve: ({ wakeAt, status, readyAt, preferences, blockedOn }, _args, context) => {
        const next = status === 'READY' ? earliest(wakeAt, graceEnd(readyAt, preferences)) : wakeAt
        return nextTransitionOf(context, { wakeAt: next, blockedOn })
      },
    }),
    parent: t.relation('parent', { nullable: true, description: 'The task that this one is a part of.' }),
    worker: t.relation('worker', { nullable: true, description: 'The worker that holds it now.' }),
  }),
})

function preferencesOf(preferences: unknown): AskedPreferences | null {
  return preferences as AskedPreferences | null
}

/** When any worker may have a task that would rather have a better one; null once that is so. */
function graceEnd(readyAt: Date | null, preferences: unknown): Date | null {
  const end = readyAt === null ? null : after(readyAt, preferencesOf(preferences)?.graceMs ?? null)
  return end !== null && end.getTime() > Date.now() ? end : null
}

function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value)
}
