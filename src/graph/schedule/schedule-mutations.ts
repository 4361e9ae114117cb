import { createSchedule } from '../../engine/create-schedule.ts'
import { updateSchedule } from '../../engine/update-schedule.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { present } from '../task/present.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { IdempotencyConflict, NotFound, UnknownTaskType, UnknownWorkflow } from '../user-failure.ts'
import { MissedPolicyEnum, OverlapPolicyEnum } from './schedule-enums.ts'
import {
  ScheduledRunChangesInput,
  ScheduledRunInput,
  ScheduledTaskChangesInput,
  ScheduledTaskInput,
  TimingInput,
} from './schedule-inputs.ts'
import { schedulePayload } from './schedule-payload.ts'
import { runChangesOf, runTemplateOf, templateChangesOf, templateOf, timingOf } from './timing-of.ts'

const CreateScheduleInput = builder.inputType('CreateScheduleInput', {
  description: 'A schedule to make.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What people call it, 1 to 500 characters.' }),
    description: t.string({ description: 'What it is for, at most 10,000 characters.' }),
    timing: t.field({ type: TimingInput, required: true, description: 'When it fires.' }),
    jitter: t.field({
      type: 'Duration',
      description: 'Each fire acts up to so much later, P1D at most; PT0S when absent.',
    }),
    missedPolicy: t.field({
      type: MissedPolicyEnum,
      description: 'What becomes of due times that passed while no scheduler ran; ONCE when absent.',
    }),
    missedCap: t.int({ description: 'Most missed due times that ALL makes up for, 1 to 1,000; 100 when absent.' }),
    overlapPolicy: t.field({
      type: OverlapPolicyEnum,
      description: 'What a fire does while what the schedule started has not ended; SKIP when absent.',
    }),
    task: t.field({ type: ScheduledTaskInput, description: 'The task that each fire makes; this or `workflow`.' }),
    workflow: t.field({ type: ScheduledRunInput, description: 'The run that each fire starts; this or `task`.' }),
    idempotencyKey: t.string({
      description:
        'The same key with the same input answers the same schedule, for 24 hours at least; 1 to 500 characters.',
    }),
  }),
})

const UpdateScheduleInput = builder.inputType('UpdateScheduleInput', {
  description: 'Changes to a schedule. What is absent stays.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the schedule.' }),
    name: t.string({ description: 'What people call it, 1 to 500 characters.' }),
    description: t.string({ description: 'What it is for, at most 10,000 characters; null: nothing.' }),
    timing: t.field({
      type: TimingInput,
      description: 'When it fires from now on; due times that were not seen to yet are dropped.',
    }),
    jitter: t.field({ type: 'Duration', description: 'Each fire acts up to so much later, P1D at most.' }),
    missedPolicy: t.field({ type: MissedPolicyEnum, description: 'What becomes of due times that were missed.' }),
    missedCap: t.int({ description: 'Most missed due times that ALL makes up for, 1 to 1,000.' }),
    overlapPolicy: t.field({
      type: OverlapPolicyEnum,
      description: 'What a fire does while what the schedule started has not ended.',
    }),
    task: t.field({ type: ScheduledTaskInput, description: 'The task that each later fire makes, as a whole.' }),
    taskChanges: t.field({
      type: ScheduledTaskChangesInput,
      description: 'Changes to the task that each later fire makes, instead of all of it.',
    }),
    workflow: t.field({
      type: ScheduledRunInput,
      description: 'The run that each later fire starts, as a whole; whatever it started before.',
    }),
    workflowChanges: t.field({
      type: ScheduledRunChangesInput,
      description: 'Changes to the run that each later fire starts, instead of all of it.',
    }),
  }),
})

const CreateScheduleSuccess = schedulePayload(
  'CreateScheduleSuccess',
  'The schedule was made, or had been made before with the same idempotency key.',
)
const UpdateScheduleSuccess = schedulePayload('UpdateScheduleSuccess', 'The schedule was changed.')

builder.mutationFields((t) => ({
  createSchedule: t.errorUnionField({
    types: [CreateScheduleSuccess, InvalidInput, UnknownTaskType, UnknownWorkflow, IdempotencyConflict],
    union: {
      name: 'CreateScheduleResult',
      description: 'What came of making a schedule.',
      resolveType: () => 'CreateScheduleSuccess',
    },
    description: 'Makes a schedule. It fires from its first due time after now on.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: CreateScheduleInput, required: true, description: 'The schedule to make.' }) },
    resolve: async (_root, { input }, context) => {
      const { timing, task, workflow, jitter, ...same } = input
      const result = await createSchedule(context.engine, actorOf(context), {
        ...present(same),
        name: input.name,
        timing: timingOf(timing, new Date(), ['input', 'timing']),
        ...(task != null && { task: templateOf(task, ['input', 'task']) }),
        ...(workflow != null && { workflow: runTemplateOf(workflow) }),
        ...(jitter != null && { jitterMs: jitter }),
      })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
  updateSchedule: t.errorUnionField({
    types: [UpdateScheduleSuccess, InvalidInput, NotFound, UnknownTaskType, UnknownWorkflow],
    union: {
      name: 'UpdateScheduleResult',
      description: 'What came of changing a schedule.',
      resolveType: () => 'UpdateScheduleSuccess',
    },
    description: 'Changes a schedule. What it has started stays as it is.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: UpdateScheduleInput, required: true, description: 'The schedule and its changes.' }) },
    resolve: async (_root, { input }, context) => {
      const { id, timing, task, taskChanges, workflow, workflowChanges, jitter, description, ...same } = input
      const result = await updateSchedule(context.engine, actorOf(context), {
        scheduleId: uuidOfField(ID_PREFIXES.schedule, id, ['input', 'id']),
        update: {
          ...present(same),
          ...(description !== undefined && { description }),
          ...(timing != null && { timing: timingOf(timing, new Date(), ['input', 'timing']) }),
          ...(task != null && { task: templateOf(task, ['input', 'task']) }),
          ...(workflow != null && { workflow: runTemplateOf(workflow) }),
          ...(jitter != null && { jitterMs: jitter }),
        },
        ...(taskChanges != null && { taskChanges: templateChangesOf(taskChanges, ['input', 'taskChanges']) }),
        ...(workflowChanges != null && { workflowChanges: runChangesOf(workflowChanges) }),
      })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
}))
