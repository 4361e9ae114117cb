import { RUN_EVENT_KINDS, type RunEventKind } from '../../event/event.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import type { StepError } from '../../workflow/run/run-state.ts'
import { builder } from '../builder.ts'
import { Event } from '../event/event.ts'
import { payloadOf, textOf, timeOf } from '../event/event-payload.ts'
import type { LoggedEvent } from '../event/event-reader.ts'
import { loadRun } from './load-run.ts'
import { loadStepRun } from './load-step-run.ts'
import { StepErrorType } from './step-error.ts'
import { StepRun } from './step-run.ts'
import { StepRunTypeEnum } from './workflow-enums.ts'
import { WorkflowRun } from './workflow-run.ts'

const WorkflowRunEvent = builder.interfaceRef<LoggedEvent>('WorkflowRunEvent').implement({
  description: 'Something that happened to a run of a workflow, or to a step of it.',
  interfaces: [Event],
  fields: (t) => ({
    run: t.field({
      type: WorkflowRun,
      nullable: true,
      description: 'The run as it is now, which may be newer than the event; null when it was removed since.',
      resolve: ({ runId }, _args, context, info) => (runId === null ? null : loadRun(context, info, runId)),
    }),
    runId: t.id({
      description: 'TypeID of the run.',
      resolve: ({ runId }) => encodeTypeId(ID_PREFIXES.run, runId ?? ''),
    }),
    seq: t.int({
      description: 'Number of the event within the run. Counts up by one from event to event: a gap would be a loss.',
      resolve: ({ version }) => version ?? 0,
    }),
  }),
})

const StepEvent = builder.interfaceRef<LoggedEvent>('StepEvent').implement({
  description: 'Something that happened to a step of a run, or to an iteration.',
  interfaces: [Event, WorkflowRunEvent],
  fields: (t) => ({
    step: t.field({
      type: StepRun,
      nullable: true,
      description: 'The step as it is now; null when the run was taken up again from before it, or was removed.',
      resolve: (event, _args, context, info) =>
        event.runId === null ? null : loadStepRun(context, info, `${event.runId}.${textOf(event, 'path') ?? ''}`),
    }),
    stepPath: t.string({ description: 'Path of the step.', resolve: (event) => textOf(event, 'path') ?? '' }),
    stepType: t.field({
      type: StepRunTypeEnum,
      description: 'What the step does.',
      resolve: (event) => (textOf(event, 'type') ?? 'TASK') as 'TASK',
    }),
    attempt: t.int({
      description: 'Number of its attempt, from 1; 0 when it had not started.',
      resolve: (event) => Number(payloadOf(event).attempt ?? 0),
    }),
  }),
})

const TYPES = new Map(
  (Object.keys(RUN_EVENT_KINDS) as RunEventKind[]).map((kind) => {
    const type = builder.objectRef<LoggedEvent>(kind)
    const interfaces = kind.startsWith('WorkflowRun') ? [Event, WorkflowRunEvent] : [Event, WorkflowRunEvent, StepEvent]
    type.implement({ description: RUN_EVENT_KINDS[kind], interfaces: interfaces as never })
    return [kind, type] as const
  }),
)

for (const kind of ['WorkflowRunFailed', 'StepFailed', 'StepSkipped', 'StepRetrying'] as const) {
  builder.objectField(eventType(kind), 'error', (t) =>
    t.field({
      type: StepErrorType,
      nullable: true,
      description:
        kind === 'StepSkipped' ? 'What went wrong, where it is skipped because of a failure.' : 'What went wrong.',
      resolve: (event) => (payloadOf(event).error as StepError | null | undefined) ?? null,
    }),
  )
}

builder.objectField(eventType('WorkflowRunCancelled'), 'reason', (t) =>
  t.string({ nullable: true, description: 'Why, when somebody said so.', resolve: (event) => textOf(event, 'reason') }),
)

builder.objectField(eventType('WorkflowRunRetried'), 'attempt', (t) =>
  t.int({
    description: 'Number of the attempt of the run that begins, from 2.',
    resolve: (event) => Number(payloadOf(event).attempt ?? 0),
  }),
)
builder.objectField(eventType('WorkflowRunRetried'), 'again', (t) =>
  t.stringList({
    description: 'Paths of steps that count as never started, with all below them.',
    resolve: (event) => (payloadOf(event).again as string[] | undefined) ?? [],
  }),
)

builder.objectField(eventType('StepRetrying'), 'retryAt', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When the next attempt starts.',
    resolve: (event) => timeOf(event, 'retryAt'),
  }),
)

builder.objectField(eventType('WaitStarted'), 'until', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description: 'The time that it waits for; null when it waits for something else.',
    resolve: (event) => timeOf(event, 'until'),
  }),
)
builder.objectField(eventType('WaitStarted'), 'eventKey', (t) =>
  t.string({
    nullable: true,
    description: 'Key of the event that it waits for; null when it waits for something else.',
    resolve: (event) => textOf(event, 'eventKey'),
  }),
)

builder.objectField(eventType('ApprovalDecided'), 'by', (t) =>
  t.string({ description: 'Name of the principal that answered.', resolve: (event) => textOf(event, 'by') ?? '' }),
)
builder.objectField(eventType('ApprovalDecided'), 'approved', (t) =>
  t.boolean({ description: 'Whether it was yes.', resolve: (event) => payloadOf(event).approved === true }),
)

function eventType(kind: RunEventKind) {
  return TYPES.get(kind)!
}
