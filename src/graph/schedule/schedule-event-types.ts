import { SCHEDULE_EVENT_KINDS, type ScheduleEventKind } from '../../event/event.ts'
import { encodeTypeId, ID_PREFIXES, type IdPrefix } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { Event } from '../event/event.ts'
import { payloadOf, textOf, timeOf } from '../event/event-payload.ts'
import type { LoggedEvent } from '../event/event-reader.ts'
import { loadSchedule } from './load-schedule.ts'
import { Schedule } from './schedule.ts'
import { FireCauseEnum } from './schedule-enums.ts'

const ScheduleEvent = builder.interfaceRef<LoggedEvent>('ScheduleEvent').implement({
  description: 'Something that happened to a schedule.',
  interfaces: [Event],
  fields: (t) => ({
    schedule: t.field({
      type: Schedule,
      nullable: true,
      description: 'The schedule as it is now, which may be newer than the event; null when it was removed since.',
      resolve: ({ scheduleId }, _args, context, info) =>
        scheduleId === null ? null : loadSchedule(context, info, scheduleId),
    }),
    scheduleId: t.id({
      description: 'TypeID of the schedule.',
      resolve: ({ scheduleId }) => encodeTypeId(ID_PREFIXES.schedule, scheduleId ?? ''),
    }),
    version: t.int({
      description: 'Version of the schedule then; goes up when it is changed, not when it fires.',
      resolve: ({ version }) => version ?? 0,
    }),
  }),
})

const TYPES = new Map(
  (Object.keys(SCHEDULE_EVENT_KINDS) as ScheduleEventKind[]).map((kind) => {
    const type = builder.objectRef<LoggedEvent>(kind)
    type.implement({ description: SCHEDULE_EVENT_KINDS[kind], interfaces: [Event, ScheduleEvent] })
    return [kind, type] as const
  }),
)

for (const kind of ['ScheduleFired', 'ScheduleFireQueued', 'ScheduleFireSkipped', 'ScheduleFireFailed'] as const) {
  addId(kind, 'fireId', ID_PREFIXES.scheduleFire, 'TypeID of the fire.')
  addTime(kind, 'dueAt', 'dueAt', 'The due time.')
}
for (const kind of ['BackfillStarted', 'BackfillCompleted', 'BackfillCancelled'] as const) {
  addId(kind, 'backfillId', ID_PREFIXES.backfill, 'TypeID of the backfill.')
}
addStarted(
  'startedTaskId',
  'taskId',
  ID_PREFIXES.task,
  'TypeID of the task that it started; null when it started a run.',
)
addStarted('startedRunId', 'runId', ID_PREFIXES.run, 'TypeID of the run that it started; null when it started a task.')
addText('ScheduleFireSkipped', 'reason', 'Why it started nothing.')
addText('SchedulePaused', 'reason', 'Why, when the system did it; null when somebody did.')
addTime('ScheduleFireMissed', 'firstDueAt', 'from', 'The first due time that was given up.')
addTime('ScheduleFireMissed', 'lastDueAt', 'until', 'The last due time that was given up.')

builder.objectField(eventType('ScheduleFireMissed'), 'count', (t) =>
  t.int({
    description: 'How many were given up, counted up to 1,000.',
    resolve: (event) => Number(payloadOf(event).count ?? 0),
  }),
)

builder.objectField(eventType('BackfillStarted'), 'total', (t) =>
  t.int({ description: 'Due times in its range.', resolve: (event) => Number(payloadOf(event).total ?? 0) }),
)

builder.objectField(eventType('ScheduleFired'), 'cause', (t) =>
  t.field({
    type: FireCauseEnum,
    nullable: true,
    description: 'Why it fired.',
    resolve: (event) => textOf(event, 'cause') as 'TIME' | null,
  }),
)

for (const field of ['code', 'message'] as const) {
  builder.objectField(eventType('ScheduleFireFailed'), field === 'code' ? 'errorCode' : 'errorMessage', (t) =>
    t.string({
      nullable: true,
      description:
        field === 'code'
          ? 'Why its task or run was refused, for programs.'
          : 'Why its task or run was refused, for people.',
      resolve: (event) => (payloadOf(event).error as Record<string, string> | undefined)?.[field] ?? null,
    }),
  )
}

builder.objectField(eventType('ScheduleUpdated'), 'fields', (t) =>
  t.stringList({
    description: 'Names of what was changed.',
    resolve: (event) => (payloadOf(event).fields as string[] | undefined) ?? [],
  }),
)

function addId(kind: ScheduleEventKind, field: string, prefix: IdPrefix, description: string): void {
  builder.objectField(eventType(kind), field, (t) =>
    t.id({ description, resolve: (event) => encodeTypeId(prefix, textOf(event, field) ?? '') }),
  )
}

function addStarted(field: string, key: 'taskId' | 'runId', prefix: IdPrefix, description: string): void {
  builder.objectField(eventType('ScheduleFired'), field, (t) =>
    t.id({
      nullable: true,
      description,
      resolve: (event) => {
        const id = textOf(event, key)
        return id === null ? null : encodeTypeId(prefix, id)
      },
    }),
  )
}

function addTime(kind: ScheduleEventKind, field: string, key: string, description: string): void {
  builder.objectField(eventType(kind), field, (t) =>
    t.field({
      type: 'DateTime',
      nullable: true,
      description,
      resolve: (event) => timeOf(event, key),
    }),
  )
}

function addText(kind: ScheduleEventKind, field: string, description: string): void {
  builder.objectField(eventType(kind), field, (t) =>
    t.string({ nullable: true, description, resolve: (event) => textOf(event, field) }),
  )
}

function eventType(kind: ScheduleEventKind) {
  return TYPES.get(kind)!
}
