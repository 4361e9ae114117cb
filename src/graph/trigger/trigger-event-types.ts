import { TRIGGER_EVENT_KINDS, type TriggerEventKind } from '../../event/event.ts'
import { encodeTypeId, ID_PREFIXES, type IdPrefix } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { Event } from '../event/event.ts'
import { payloadOf, textOf } from '../event/event-payload.ts'
import type { LoggedEvent } from '../event/event-reader.ts'
import { loadTrigger } from './load-trigger.ts'
import { Trigger } from './trigger.ts'
import { FiringSkipReasonEnum } from './trigger-enums.ts'

const TriggerEvent = builder.interfaceRef<LoggedEvent>('TriggerEvent').implement({
  description: 'Something that happened to a trigger.',
  interfaces: [Event],
  fields: (t) => ({
    trigger: t.field({
      type: Trigger,
      nullable: true,
      description: 'The trigger as it is now, which may be newer than the event; null when it was removed since.',
      resolve: (event, _args, context, info) => {
        const id = textOf(event, 'triggerId')
        return id === null ? null : loadTrigger(context, info, id)
      },
    }),
    triggerId: t.id({
      description: 'TypeID of the trigger.',
      resolve: (event) => encodeTypeId(ID_PREFIXES.trigger, textOf(event, 'triggerId') ?? ''),
    }),
    version: t.int({
      description: 'Version of the trigger then; goes up when it is changed, not when it fires.',
      resolve: ({ version }) => version ?? 0,
    }),
  }),
})

const TYPES = new Map(
  (Object.keys(TRIGGER_EVENT_KINDS) as TriggerEventKind[]).map((kind) => {
    const type = builder.objectRef<LoggedEvent>(kind)
    type.implement({ description: TRIGGER_EVENT_KINDS[kind], interfaces: [Event, TriggerEvent] })
    return [kind, type] as const
  }),
)

for (const kind of ['TriggerFired', 'TriggerFiringSkipped', 'TriggerFiringFailed'] as const) {
  builder.objectField(eventType(kind), 'firingId', (t) =>
    t.id({
      description: 'TypeID of the firing.',
      resolve: (event) => encodeTypeId(ID_PREFIXES.firing, textOf(event, 'firingId') ?? ''),
    }),
  )
  addId(
    kind,
    'receivedEventId',
    'eventId',
    ID_PREFIXES.receivedEvent,
    'TypeID of the event from outside; null when it was made up.',
  )
}
addId(
  'TriggerFired',
  'startedTaskId',
  'taskId',
  ID_PREFIXES.task,
  'TypeID of the task that it started; null when it started a run.',
)
addId(
  'TriggerFired',
  'startedRunId',
  'runId',
  ID_PREFIXES.run,
  'TypeID of the run that it started; null when it started a task.',
)

builder.objectField(eventType('TriggerFiringSkipped'), 'skipReason', (t) =>
  t.field({
    type: FiringSkipReasonEnum,
    description: 'Why it started nothing.',
    resolve: (event) => textOf(event, 'reason') as 'COOL_DOWN',
  }),
)

for (const field of ['code', 'message'] as const) {
  builder.objectField(eventType('TriggerFiringFailed'), field === 'code' ? 'errorCode' : 'errorMessage', (t) =>
    t.string({
      nullable: true,
      description: field === 'code' ? 'Why it started nothing, for programs.' : 'Why it started nothing, for people.',
      resolve: (event) => (payloadOf(event).error as Record<string, string> | undefined)?.[field] ?? null,
    }),
  )
}

builder.objectField(eventType('TriggerUpdated'), 'fields', (t) =>
  t.stringList({
    description: 'Names of what was changed.',
    resolve: (event) => (payloadOf(event).fields as string[] | undefined) ?? [],
  }),
)

function addId(kind: TriggerEventKind, field: string, key: string, prefix: IdPrefix, description: string): void {
  builder.objectField(eventType(kind), field, (t) =>
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

function eventType(kind: TriggerEventKind) {
  return TYPES.get(kind)!
}
