import { z } from 'zod'
import { nextFires } from '../../schedule/fires.ts'
import type { RunTemplate, TaskTemplate } from '../../schedule/schedule-state.ts'
import type { Timing } from '../../schedule/timing.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import {
  BackfillStatusEnum,
  FireCauseEnum,
  FireStatusEnum,
  MissedPolicyEnum,
  OverlapPolicyEnum,
  ScheduleStatusEnum,
} from './schedule-enums.ts'
import { ScheduledRun, ScheduledTask, TimingType } from './schedule-parts.ts'

const MOST_NEXT_FIRES = 20

/** What starts tasks and runs by the clock. Its lists are added by schedule-lists.ts. */
export const Schedule = builder.prismaNode('Schedule', {
  description: 'Starts a task, or a run of a workflow, at each of its due times.',
  nullable: true,
  id: { description: 'TypeID with the prefix `schedule`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What people call it, 1 to 500 characters.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for.' }),
    status: t.expose('status', { type: ScheduleStatusEnum, description: 'Where it stands.' }),
    version: t.exposeInt('version', { description: 'Goes up by one when it is changed, not when it fires; from 1.' }),
    timing: t.field({
      type: TimingType,
      description: 'When it fires.',
      resolve: ({ timing }) => timing as unknown as Timing,
    }),
    jitter: t.field({
      type: 'Duration',
      description: 'Each fire acts up to so much later, always the same for the same due time.',
      resolve: ({ jitterMs }) => Number(jitterMs),
    }),
    missedPolicy: t.expose('missedPolicy', {
      type: MissedPolicyEnum,
      description: 'What becomes of due times that passed while no scheduler ran.',
    }),
    missedCap: t.exposeInt('missedCap', { description: 'Most missed due times that ALL makes up for, 1 to 1,000.' }),
    overlapPolicy: t.expose('overlapPolicy', {
      type: OverlapPolicyEnum,
      description: 'What a fire does while what the schedule started has not ended.',
    }),
    task: t.field({
      type: ScheduledTask,
      nullable: true,
      description: 'The task that each fire makes; null when it starts runs.',
      resolve: ({ task }) => task as unknown as TaskTemplate | null,
    }),
    workflow: t.field({
      type: ScheduledRun,
      nullable: true,
      description: 'The run that each fire starts; null when it makes tasks.',
      resolve: ({ workflow }) => workflow as unknown as RunTemplate | null,
    }),
    nextFireAt: t.expose('nextFireAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Its next due time; null unless it is ACTIVE.',
    }),
    nextFires: t.field({
      type: ['DateTime'],
      description: 'Its next due times, the earliest first; none unless it is ACTIVE.',
      args: {
        count: t.arg.int({
          defaultValue: 5,
          description: `How many, 1 to ${MOST_NEXT_FIRES}.`,
          validate: z.number().int().min(1).max(MOST_NEXT_FIRES),
        }),
      },
      resolve: ({ timing, nextFireAt }, { count }) =>
        nextFireAt === null
          ? []
          : nextFires(timing as unknown as Timing, new Date(nextFireAt.getTime() - 1), count ?? 5),
    }),
    queuedFires: t.exposeInt('queued', { description: 'Fires that wait for what runs to end.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed by hand.' }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Name of the principal that created it.' }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted; it stays for its tasks and runs to point at, and is in no list.',
    }),
  }),
})

/** One due time, and what came of it. */
export const ScheduleFire = builder.prismaNode('ScheduleFire', {
  description: 'One fire of a schedule: a due time, and what came of it.',
  nullable: true,
  id: { description: 'TypeID with the prefix `fire`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    dueAt: t.expose('dueAt', {
      type: 'DateTime',
      description: 'The due time; for a fire by hand, when it was asked for.',
    }),
    cause: t.expose('cause', { type: FireCauseEnum, description: 'Why it fired.' }),
    status: t.expose('status', { type: FireStatusEnum, description: 'What it did.' }),
    firedAt: t.expose('firedAt', { type: 'DateTime', description: 'When it did that.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it was SKIPPED.' }),
    errorCode: t.string({
      nullable: true,
      description:
        'Why its task or run was refused, for programs: UNKNOWN_TASK_TYPE, UNKNOWN_WORKFLOW, RUNS_FULL or VALIDATION.',
      resolve: ({ error }) => errorOf(error)?.code ?? null,
    }),
    errorMessage: t.string({
      nullable: true,
      description: 'Why its task or run was refused, for people.',
      resolve: ({ error }) => errorOf(error)?.message ?? null,
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
    schedule: t.relation('schedule', { description: 'The schedule.' }),
    backfill: t.relation('backfill', { nullable: true, description: 'The backfill that asked for it.' }),
  }),
})

/** Due times of the past that were asked for. */
export const Backfill = builder.prismaNode('Backfill', {
  description: 'Starts what the schedule starts, for due times of the past that have none.',
  nullable: true,
  id: { description: 'TypeID with the prefix `backfill`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    status: t.expose('status', { type: BackfillStatusEnum, description: 'Where it stands.' }),
    from: t.expose('fromAt', { type: 'DateTime', description: 'The first due time that is wanted, at the earliest.' }),
    until: t.expose('untilAt', { type: 'DateTime', description: 'The last due time that is wanted, at the latest.' }),
    maxAtOnce: t.exposeInt('maxAtOnce', { description: 'Most of its tasks and runs that have not ended at any time.' }),
    total: t.exposeInt('total', { description: 'Due times in its range.' }),
    done: t.int({
      description:
        'Due times that are done with: what they started has ended, was refused, or had been started before.',
      resolve: ({ started, skipped, failed, running }) => started - running + skipped + failed,
    }),
    started: t.exposeInt('started', { description: 'Tasks and runs that it has started.' }),
    running: t.exposeInt('running', {
      description: 'Those that had not ended when it last looked, half a second ago.',
    }),
    skipped: t.exposeInt('skipped', { description: 'Due times that had a task or a run already.' }),
    failed: t.exposeInt('failed', { description: 'Due times whose task or run was refused.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Name of the principal that asked for it.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it runs.',
    }),
    schedule: t.relation('schedule', { description: 'The schedule.' }),
  }),
})

builder.prismaObjectFields('Task', (t) => ({
  schedule: t.relation('schedule', { nullable: true, description: 'The schedule that started it.' }),
  fire: t.relation('fire', {
    nullable: true,
    description: 'The fire of its schedule that started it, with the due time.',
  }),
}))

builder.prismaObjectFields('WorkflowRun', (t) => ({
  schedule: t.relation('schedule', { nullable: true, description: 'The schedule that started it.' }),
  fire: t.relation('fire', {
    nullable: true,
    description: 'The fire of its schedule that started it, with the due time.',
  }),
}))

function errorOf(error: unknown): { code: string; message: string } | null {
  return error as { code: string; message: string } | null
}
