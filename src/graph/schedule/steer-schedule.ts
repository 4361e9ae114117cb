import { deleteSchedule } from '../../engine/delete-schedule.ts'
import { fireSchedule, type Started } from '../../engine/fire-schedule.ts'
import { pauseSchedule } from '../../engine/pause-schedule.ts'
import { resumeSchedule } from '../../engine/resume-schedule.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { idInput } from '../id-input.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { loadTask } from '../task/load-task.ts'
import { Task } from '../task/task.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { IdempotencyConflict, NotFound, RunsFull, UnknownTaskType, UnknownWorkflow } from '../user-failure.ts'
import { loadRun } from '../workflow/load-run.ts'
import { WorkflowRun } from '../workflow/workflow-run.ts'
import { loadSchedule } from './load-schedule.ts'
import { Schedule } from './schedule.ts'
import { schedulePayload } from './schedule-payload.ts'

const PauseScheduleInput = idInput('PauseScheduleInput', 'schedule', 'A schedule to hold back.')
const ResumeScheduleInput = idInput('ResumeScheduleInput', 'schedule', 'A schedule to let go on.')
const DeleteScheduleInput = idInput('DeleteScheduleInput', 'schedule', 'A schedule to delete.')
const FireScheduleInput = builder.inputType('FireScheduleInput', {
  description: 'A schedule to fire now.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the schedule.' }),
    idempotencyKey: t.string({
      description:
        'The same key for the same schedule answers what was started the first time, for 24 hours at least; 1 to 500 characters.',
    }),
  }),
})

const PauseScheduleSuccess = schedulePayload('PauseScheduleSuccess', 'The schedule is held back.')
const ResumeScheduleSuccess = schedulePayload('ResumeScheduleSuccess', 'The schedule goes on.')

const DeleteScheduleSuccess = builder.objectRef<{ scheduleId: string }>('DeleteScheduleSuccess').implement({
  description: 'The schedule was deleted.',
  fields: (t) => ({
    deletedId: t.id({
      description: 'TypeID of the schedule.',
      resolve: ({ scheduleId }) => encodeTypeId(ID_PREFIXES.schedule, scheduleId),
    }),
  }),
})

const FireScheduleSuccess = builder.objectRef<Started & { scheduleId: string }>('FireScheduleSuccess').implement({
  description: 'The schedule was fired, or had been fired before with the same idempotency key.',
  fields: (t) => ({
    schedule: t.field({
      type: Schedule,
      nullable: true,
      description: 'The schedule as it is now.',
      resolve: ({ scheduleId }, _args, context, info) => loadSchedule(context, info, scheduleId),
    }),
    task: t.field({
      type: Task,
      nullable: true,
      description: 'The task that it started; null when it started a run, or the task is gone already.',
      resolve: ({ taskId }, _args, context, info) => (taskId === null ? null : loadTask(context, info, taskId)),
    }),
    run: t.field({
      type: WorkflowRun,
      nullable: true,
      description: 'The run that it started; null when it started a task, or the run is gone already.',
      resolve: ({ runId }, _args, context, info) => (runId === null ? null : loadRun(context, info, runId)),
    }),
  }),
})

builder.mutationFields((t) => ({
  pauseSchedule: t.errorUnionField({
    types: [PauseScheduleSuccess, InvalidInput, NotFound],
    union: {
      name: 'PauseScheduleResult',
      description: 'What came of pausing a schedule.',
      resolveType: () => 'PauseScheduleSuccess',
    },
    description: 'Holds a schedule back until it is resumed. What it has started goes on.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: PauseScheduleInput, required: true, description: 'The schedule to hold back.' }) },
    resolve: (_root, { input }, context) => steer(context, pauseSchedule, input),
  }),
  resumeSchedule: t.errorUnionField({
    types: [ResumeScheduleSuccess, InvalidInput, NotFound],
    union: {
      name: 'ResumeScheduleResult',
      description: 'What came of resuming a schedule.',
      resolveType: () => 'ResumeScheduleSuccess',
    },
    description: 'Lets a paused schedule go on with its first due time after now.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: ResumeScheduleInput, required: true, description: 'The schedule to let go on.' }) },
    resolve: (_root, { input }, context) => steer(context, resumeSchedule, input),
  }),
  deleteSchedule: t.errorUnionField({
    types: [DeleteScheduleSuccess, InvalidInput, NotFound],
    union: {
      name: 'DeleteScheduleResult',
      description: 'What came of deleting a schedule.',
      resolveType: () => 'DeleteScheduleSuccess',
    },
    description: 'Deletes a schedule, and cancels its backfills. The tasks and runs that it has started stay.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: DeleteScheduleInput, required: true, description: 'The schedule to delete.' }) },
    resolve: (_root, { input }, context) => steer(context, deleteSchedule, input),
  }),
  fireSchedule: t.errorUnionField({
    types: [
      FireScheduleSuccess,
      InvalidInput,
      NotFound,
      UnknownTaskType,
      UnknownWorkflow,
      RunsFull,
      IdempotencyConflict,
    ],
    union: {
      name: 'FireScheduleResult',
      description: 'What came of firing a schedule.',
      resolveType: () => 'FireScheduleSuccess',
    },
    description: 'Fires a schedule now, whatever its status and its rule for overlaps say. Its due times stay.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: FireScheduleInput, required: true, description: 'The schedule to fire.' }) },
    resolve: async (_root, { input: { id, idempotencyKey } }, context) => {
      const scheduleId = uuidOfField(ID_PREFIXES.schedule, id, ['input', 'id'])
      const request = { scheduleId, ...(idempotencyKey != null && { idempotencyKey }) }
      return valueOrThrow(await fireSchedule(context.engine, actorOf(context), request), (path) => ['input', ...path])
    },
  }),
}))

async function steer(context: GraphContext, verb: typeof pauseSchedule, { id }: { id: string }) {
  const scheduleId = uuidOfField(ID_PREFIXES.schedule, id, ['input', 'id'])
  return valueOrThrow(await verb(context.engine, actorOf(context), { scheduleId }), (path) => ['input', ...path])
}
