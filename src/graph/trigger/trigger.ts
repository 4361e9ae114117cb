import type { RunTemplate, TaskTemplate } from '../../schedule/schedule-state.ts'
import type { JsonValue } from '../../task/json.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { judgeEvent } from '../../trigger/judge-event.ts'
import { type Starts, startsWithin } from '../../trigger/starts.ts'
import type { FiringError, TriggerTarget } from '../../trigger/trigger-state.ts'
import { MAX_KEY_LENGTH } from '../../wait/check-wait.ts'
import { builder } from '../builder.ts'
import { loadReceivedEvent } from '../received-event/load-received-event.ts'
import { ReceivedEvent } from '../received-event/received-event.ts'
import { FiringCauseEnum, FiringSkipReasonEnum, FiringStatusEnum, TriggerStatusEnum } from './trigger-enums.ts'
import { TriggeredRun, TriggeredTask, TriggerPreview } from './trigger-parts.ts'

/** What starts tasks and runs when events come. Its list of firings is added by trigger-lists.ts. */
export const Trigger = builder.prismaNode('Trigger', {
  description: 'Starts a task, or a run of a workflow, for each event from outside that it takes.',
  nullable: true,
  id: { description: 'TypeID with the prefix `trigger`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What people call it, 1 to 500 characters.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    status: t.expose('status', { type: TriggerStatusEnum, description: 'Where it stands.' }),
    version: t.exposeInt('version', { description: 'Goes up by one when it is changed, not when it fires; from 1.' }),
    key: t.exposeString('key', {
      nullable: true,
      description: 'The whole key of the events that it takes; null when it takes them by `keyPrefix`.',
    }),
    keyPrefix: t.exposeString('keyPrefix', {
      nullable: true,
      description: 'How the keys of the events begin that it takes; null when it takes them by `key`.',
    }),
    condition: t.exposeString('condition', {
      nullable: true,
      description: 'CEL over the event that has to hold; null takes any with the key.',
    }),
    task: t.field({
      type: TriggeredTask,
      nullable: true,
      description: 'The task that each event makes; null when it starts runs.',
      resolve: ({ task }) => task as unknown as TaskTemplate | null,
    }),
    workflow: t.field({
      type: TriggeredRun,
      nullable: true,
      description: 'The run that each event starts; null when it makes tasks.',
      resolve: ({ workflow }) => workflow as unknown as RunTemplate | null,
    }),
    coolDown: t.field({
      type: 'Duration',
      description: 'Time between two starts: events that come before it is over start nothing.',
      resolve: ({ coolDownMs }) => Number(coolDownMs),
    }),
    maxPerHour: t.exposeInt('maxPerHour', { description: 'Most that it starts in any hour.' }),
    maxPerDay: t.exposeInt('maxPerDay', { description: 'Most that it starts in any 24 hours.' }),
    startedOfHour: t.int({
      description: 'Starts that count against `maxPerHour` now: those of the last 60 to 61 minutes.',
      resolve: ({ starts }) => startsWithin(starts as unknown as Starts, 'hour', new Date()),
    }),
    startedOfDay: t.int({
      description: 'Starts that count against `maxPerDay` now: those of the last 24 hours, and up to 24 minutes more.',
      resolve: ({ starts }) => startsWithin(starts as unknown as Starts, 'day', new Date()),
    }),
    startedCount: t.exposeInt('started', { description: 'What it has started in all, by hand too.' }),
    skippedCount: t.exposeInt('skipped', { description: 'Events that have started nothing, by its rules.' }),
    failedCount: t.exposeInt('failed', {
      description: 'Events that have started nothing, because something was wrong.',
    }),
    lastStartedAt: t.expose('lastStartedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When an event last started something; null: none has.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed by hand.' }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Name of the principal that created it.' }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted; it stays for its firings to point at, and is in no list.',
    }),
    preview: t.field({
      type: TriggerPreview,
      description: 'What an event that is made up would come to. Nothing is started.',
      authScopes: { role: 'DEVELOPER' },
      args: {
        key: t.arg.string({
          description: `Its key, at most ${MAX_KEY_LENGTH} characters; that of the trigger, or its prefix, when absent.`,
        }),
        payload: t.arg({ type: 'JSON', description: 'What it carries; null when absent.' }),
        sender: t.arg.string({ description: 'Who sends it; you when absent.' }),
      },
      resolve: ({ condition, task, workflow, ...row }, { key, payload, sender }, { principal }) => {
        const now = new Date()
        const event = {
          id: null,
          key: key ?? row.key ?? row.keyPrefix ?? '',
          payload: payload ?? null,
          sender: sender ?? principal?.name ?? null,
          receivedAt: now,
        }
        return judgeEvent({ condition, target: targetOf(task, workflow) }, event, now)
      },
    }),
  }),
})

/** One trigger and one event, and what came of it. */
export const TriggerFiring = builder.prismaNode('TriggerFiring', {
  description: 'One event that a trigger takes, and what came of it.',
  nullable: true,
  id: { description: 'TypeID with the prefix `firing`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    cause: t.expose('cause', { type: FiringCauseEnum, description: 'Why it fired.' }),
    status: t.expose('status', { type: FiringStatusEnum, description: 'What it did.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the event came.' }),
    firedAt: t.expose('firedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a scheduler has seen to it; null while it is PENDING.',
    }),
    skipReason: t.field({
      type: FiringSkipReasonEnum,
      nullable: true,
      description: 'Why it was SKIPPED.',
      resolve: ({ reason }) => reason as 'CONDITION' | null,
    }),
    errorCode: t.string({
      nullable: true,
      description:
        'Why it FAILED, for programs: EXPRESSION, VALIDATION, UNKNOWN_TASK_TYPE, UNKNOWN_WORKFLOW or RUNS_FULL.',
      resolve: ({ error }) => errorOf(error)?.code ?? null,
    }),
    errorMessage: t.string({
      nullable: true,
      description: 'Why it FAILED, for people.',
      resolve: ({ error }) => errorOf(error)?.message ?? null,
    }),
    eventId: t.id({
      nullable: true,
      description: 'TypeID of the event, also when that is gone; null when it was made up.',
      resolve: ({ eventId }) => (eventId === null ? null : encodeTypeId(ID_PREFIXES.receivedEvent, eventId)),
    }),
    event: t.field({
      type: ReceivedEvent,
      nullable: true,
      description: 'The event; null when it was made up, or is not kept any more.',
      resolve: ({ eventId }, _args, context) => (eventId === null ? null : loadReceivedEvent(context, eventId)),
    }),
    example: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The event that somebody made up, as `{ "key", "payload" }`; null when a real one came.',
      resolve: ({ example }) => example as JsonValue,
    }),
    taskId: t.id({
      nullable: true,
      description: 'TypeID of the task that it started, also when that is gone.',
      resolve: ({ taskId }) => (taskId === null ? null : encodeTypeId(ID_PREFIXES.task, taskId)),
    }),
    task: t.relation('task', {
      nullable: true,
      description: 'The task that it started; null when there is none any more.',
    }),
    runId: t.id({
      nullable: true,
      description: 'TypeID of the run that it started, also when that is gone.',
      resolve: ({ runId }) => (runId === null ? null : encodeTypeId(ID_PREFIXES.run, runId)),
    }),
    run: t.relation('run', {
      nullable: true,
      description: 'The run that it started; null when there is none any more.',
    }),
    trigger: t.relation('trigger', { description: 'The trigger.' }),
  }),
})

builder.prismaObjectFields('Task', (t) => ({
  firing: t.relation('firing', { nullable: true, description: 'The firing of a trigger that started it.' }),
}))

builder.prismaObjectFields('WorkflowRun', (t) => ({
  firing: t.relation('firing', { nullable: true, description: 'The firing of a trigger that started it.' }),
}))

function targetOf(task: unknown, workflow: unknown): TriggerTarget {
  return (task === null ? { workflow } : { task }) as TriggerTarget
}

function errorOf(error: unknown): FiringError | null {
  return error as FiringError | null
}
