import { WORKER_EVENT_KINDS, type WorkerEventKind } from '../../event/event.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { Event } from '../event/event.ts'
import type { LoggedEvent } from '../event/event-reader.ts'
import { loadWorker } from './load-worker.ts'
import { Worker } from './worker.ts'

const WorkerEvent = builder.interfaceRef<LoggedEvent>('WorkerEvent').implement({
  description: 'Something that happened to a worker; once for each change of its state.',
  interfaces: [Event],
  fields: (t) => ({
    worker: t.field({
      type: Worker,
      nullable: true,
      description: 'The worker as it is now, which may be newer than the event; null when it is forgotten.',
      resolve: (event, _args, context, info) => loadWorker(context, info, textOf(event, 'workerId')),
    }),
    // Nullable like that of TaskStarted, so that one document may ask both for it.
    workerId: t.id({
      nullable: true,
      description: 'TypeID of the worker.',
      resolve: (event) => encodeTypeId(ID_PREFIXES.worker, textOf(event, 'workerId')),
    }),
    name: t.string({ description: 'What people call it.', resolve: (event) => textOf(event, 'name') }),
  }),
})

for (const kind of Object.keys(WORKER_EVENT_KINDS) as WorkerEventKind[]) {
  if (kind !== 'WorkerRegistered')
    builder
      .objectRef<LoggedEvent>(kind)
      .implement({ description: WORKER_EVENT_KINDS[kind], interfaces: [Event, WorkerEvent] })
}

builder.objectRef<LoggedEvent>('WorkerRegistered').implement({
  description: WORKER_EVENT_KINDS.WorkerRegistered,
  interfaces: [Event, WorkerEvent],
  fields: (t) => ({
    host: t.string({ description: 'Machine that it runs on.', resolve: (event) => textOf(event, 'host') }),
    types: t.stringList({
      description: 'Names of the task types that it serves.',
      resolve: ({ payload }) => (payload?.types as string[] | undefined) ?? [],
    }),
    slots: t.int({
      description: 'How many tasks it runs at once.',
      resolve: ({ payload }) => Number(payload?.slots ?? 0),
    }),
  }),
})

function textOf({ payload }: LoggedEvent, field: string): string {
  const value = payload?.[field]
  return typeof value === 'string' ? value : ''
}
