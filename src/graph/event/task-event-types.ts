import { TASK_EVENT_KINDS, type TaskEventKind } from '../../event/event.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { loadReceivedEvent } from '../received-event/load-received-event.ts'
import { ReceivedEvent } from '../received-event/received-event.ts'
import { TaskPriorityEnum, TaskStatusEnum } from '../task/task-enums.ts'
import { ProgressType } from '../task/task-parts.ts'
import { loadWorker } from '../worker/load-worker.ts'
import { Worker } from '../worker/worker.ts'
import { Event, TaskEvent } from './event.ts'
import { payloadOf, textOf, timeOf } from './event-payload.ts'
import type { LoggedEvent } from './event-reader.ts'

interface AnnouncedError {
  readonly code: string
  readonly message: string
  readonly attempt: number
}

const EventErrorType = builder.objectRef<AnnouncedError>('EventError').implement({
  description: 'What an event tells of a failure; the stack stays with the attempt.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable, UPPER_SNAKE_CASE.' }),
    message: t.exposeString('message', { description: 'What happened, for people.' }),
    attempt: t.exposeInt('attempt', { description: 'Number of the attempt that failed, from 1; 0 when none ran.' }),
  }),
})

const TYPES = new Map(
  (Object.keys(TASK_EVENT_KINDS) as TaskEventKind[]).map((kind) => {
    const type = builder.objectRef<LoggedEvent>(kind)
    type.implement({ description: TASK_EVENT_KINDS[kind], interfaces: [Event, TaskEvent] })
    return [kind, type] as const
  }),
)

for (const kind of [
  'TaskStarted',
  'TaskProgressed',
  'TaskCompleted',
  'TaskReleased',
  'AttemptLost',
  'TaskParked',
  'TaskAnswered',
] as const) {
  builder.objectField(eventType(kind), 'attempt', (t) =>
    t.int({ description: 'Number of the attempt, from 1.', resolve: ({ attempt }) => attempt ?? 0 }),
  )
}

for (const kind of ['TaskRetrying', 'TaskFailed', 'AttemptLost'] as const) {
  builder.objectField(eventType(kind), 'error', (t) =>
    t.field({
      type: EventErrorType,
      nullable: true,
      description: 'What went wrong.',
      resolve: (event) => (payloadOf(event).error as AnnouncedError | undefined) ?? null,
    }),
  )
}

for (const kind of ['TaskCancelled', 'TaskSkipped', 'TaskReleased'] as const) {
  builder.objectField(eventType(kind), 'reason', (t) =>
    t.string({ nullable: true, description: 'Why, when it was said.', resolve: (event) => textOf(event, 'reason') }),
  )
}

builder.objectField(eventType('TaskSkipped'), 'code', (t) =>
  t.string({
    nullable: true,
    description: 'What kind of reason: DEPENDENCY_UNMET, CONDITION_NOT_MET or CONDITION_ERROR.',
    resolve: (event) => textOf(event, 'code'),
  }),
)

builder.objectField(eventType('TaskStarted'), 'worker', (t) =>
  t.field({
    type: Worker,
    nullable: true,
    description: 'The worker; null when it is forgotten.',
    resolve: (event, _args, context, info) => {
      const id = textOf(event, 'workerId')
      return id === null ? null : loadWorker(context, info, id)
    },
  }),
)

builder.objectField(eventType('TaskStarted'), 'workerId', (t) =>
  t.id({
    nullable: true,
    description: 'TypeID of the worker.',
    resolve: (event) => {
      const id = textOf(event, 'workerId')
      return id === null ? null : encodeTypeId(ID_PREFIXES.worker, id)
    },
  }),
)

builder.objectField(eventType('TaskProgressed'), 'progress', (t) =>
  t.field({
    type: ProgressType,
    description: 'How far it was then.',
    resolve: (event) => ({ fraction: Number(payloadOf(event).fraction ?? 0), message: textOf(event, 'message') }),
  }),
)

builder.objectField(eventType('TaskRetrying'), 'retryAt', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When the next attempt may start.',
    resolve: (event) => timeOf(event, 'retryAt'),
  }),
)

builder.objectField(eventType('TaskParked'), 'until', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When it goes on by itself; null when only an event lets it.',
    resolve: (event) => timeOf(event, 'until'),
  }),
)

builder.objectField(eventType('TaskParked'), 'waitKey', (t) =>
  t.string({
    nullable: true,
    description: 'Key of the event that it waits for; null when it waits for a time only.',
    resolve: (event) => textOf(event, 'waitKey'),
  }),
)

builder.objectField(eventType('TaskAnswered'), 'waitKey', (t) =>
  t.string({ nullable: true, description: 'Key of the event.', resolve: (event) => textOf(event, 'waitKey') }),
)

builder.objectField(eventType('TaskAnswered'), 'eventId', (t) =>
  t.id({
    description: 'TypeID of the event that came.',
    resolve: (event) => encodeTypeId(ID_PREFIXES.receivedEvent, textOf(event, 'eventId')!),
  }),
)

builder.objectField(eventType('TaskAnswered'), 'receivedEvent', (t) =>
  t.field({
    type: ReceivedEvent,
    nullable: true,
    description: 'The event that came; null when it is no longer kept.',
    resolve: (event, _args, context) => loadReceivedEvent(context, textOf(event, 'eventId')!),
  }),
)

builder.objectField(eventType('TaskReady'), 'unansweredKey', (t) =>
  t.string({
    nullable: true,
    description: 'Key of the event that it has waited for, when that did not come in time.',
    resolve: (event) => textOf(event, 'unansweredKey'),
  }),
)

builder.objectField(eventType('TaskReady'), 'isByHand', (t) =>
  t.boolean({
    description: 'Whether somebody retried a task that had ended.',
    resolve: (event) => payloadOf(event).byHand === true,
  }),
)

builder.objectField(eventType('TaskPaused'), 'from', (t) =>
  t.field({
    type: TaskStatusEnum,
    nullable: true,
    description: 'Where it stood before.',
    resolve: (event) => textOf(event, 'from') as 'READY' | null,
  }),
)

builder.objectField(eventType('TaskUpdated'), 'priority', (t) =>
  t.field({
    type: TaskPriorityEnum,
    nullable: true,
    description: 'Its priority from then on, when that changed.',
    resolve: (event) => textOf(event, 'priority') as 'MEDIUM' | null,
  }),
)

builder.objectField(eventType('TaskUpdated'), 'scheduledFor', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description: 'Its time from then on, when that changed.',
    resolve: (event) => timeOf(event, 'scheduledFor'),
  }),
)

builder.objectField(eventType('TaskDeadlineMissed'), 'deadline', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description: 'The deadline that passed.',
    resolve: (event) => timeOf(event, 'deadline'),
  }),
)

function eventType(kind: TaskEventKind) {
  return TYPES.get(kind)!
}
