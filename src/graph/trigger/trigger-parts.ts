import type { RunTemplate, TaskTemplate } from '../../schedule/schedule-state.ts'
import type { JsonValue } from '../../task/json.ts'
import type { Judged } from '../../trigger/judge-event.ts'
import { builder } from '../builder.ts'
import { templateFields } from '../schedule/schedule-parts.ts'
import { FiringSkipReasonEnum, FiringStatusEnum } from './trigger-enums.ts'

/** The task that each event makes. */
export const TriggeredTask = builder.objectRef<TaskTemplate>('TriggeredTask').implement({
  description: 'The task that each event of a trigger makes, as it was asked for, with its expressions.',
  fields: (t) => ({
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What the handler works on, with its expressions; null stands for the payload of the event.',
      resolve: ({ input }) => input as JsonValue,
    }),
    ...templateFields(t),
  }),
})

/** The run that each event starts. */
export const TriggeredRun = builder.objectRef<RunTemplate>('TriggeredRun').implement({
  description: 'The run of a workflow that each event of a trigger starts, as it was asked for, with its expressions.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the workflow.' }),
    version: t.int({
      nullable: true,
      description: 'Number of its version; null stands for the newest that is READY when an event comes.',
      resolve: ({ version }) => version,
    }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The input of the run, with its expressions; null stands for the payload of the event.',
      resolve: ({ input }) => input as JsonValue,
    }),
  }),
})

/** What an event that is made up would come to. */
export const TriggerPreview = builder.objectRef<Judged>('TriggerPreview').implement({
  description:
    'What an event would come to, by the expressions of a trigger alone: its cool-down and caps, task types and workflows are not asked.',
  fields: (t) => ({
    status: t.field({
      type: FiringStatusEnum,
      description: 'STARTED, SKIPPED when the condition does not hold, or FAILED.',
      resolve: ({ kind }) => (kind === 'SKIP' ? 'SKIPPED' : kind === 'FAIL' ? 'FAILED' : 'STARTED'),
    }),
    skipReason: t.field({
      type: FiringSkipReasonEnum,
      nullable: true,
      description: 'Why it would be SKIPPED.',
      resolve: (judged) => (judged.kind === 'SKIP' ? judged.reason : null),
    }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The input of the task or run that it would start.',
      resolve: (judged) => inputOf(judged),
    }),
    errorCode: t.string({
      nullable: true,
      description: 'Why it would be FAILED, for programs: EXPRESSION or VALIDATION.',
      resolve: (judged) => (judged.kind === 'FAIL' ? judged.error.code : null),
    }),
    errorMessage: t.string({
      nullable: true,
      description: 'Why it would be FAILED, for people.',
      resolve: (judged) => (judged.kind === 'FAIL' ? judged.error.message : null),
    }),
  }),
})

function inputOf(judged: Judged): JsonValue {
  if (judged.kind === 'RUN') return judged.input
  return judged.kind === 'TASK' ? (judged.task.input ?? null) : null
}
