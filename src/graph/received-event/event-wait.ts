import DataLoader from 'dataloader'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { readAnsweredTasks, readLatestWaits, type ShownWait } from '../../wait/store/read-waits.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { loadTask } from '../task/load-task.ts'
import { Task } from '../task/task.ts'
import { loadReceivedEvent } from './load-received-event.ts'
import { ReceivedEvent } from './received-event.ts'
import { WaitOutcomeEnum } from './wait-outcome.ts'

/** Waits shown of a task, and tasks of an event. */
const MOST = 20

const EventWait = builder.objectRef<ShownWait>('EventWait').implement({
  description: 'A wait of a task for an event from outside.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key of the event.' }),
    condition: t.exposeString('condition', {
      nullable: true,
      description: 'CEL over `payload`, `key` and `sender` that has to hold for it; null takes any.',
    }),
    since: t.expose('since', { type: 'DateTime', description: 'When it began.' }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it is open.',
    }),
    outcome: t.field({
      type: WaitOutcomeEnum,
      nullable: true,
      description: 'How it ended; null while it is open.',
      resolve: ({ outcome }) => outcome,
    }),
    eventId: t.id({
      nullable: true,
      description: 'TypeID of the event that answered it.',
      resolve: ({ eventId }) => (eventId === null ? null : encodeTypeId(ID_PREFIXES.receivedEvent, eventId)),
    }),
    event: t.field({
      type: ReceivedEvent,
      nullable: true,
      description: 'The event that answered it.',
      resolve: ({ eventId }, _args, context) => (eventId === null ? null : loadReceivedEvent(context, eventId)),
    }),
  }),
})

builder.prismaObjectFields('Task', (t) => ({
  waits: t.field({
    type: [EventWait],
    select: { id: true },
    description: `Its latest ${MOST} waits for events from outside, the latest first; one that is open is the first.`,
    resolve: ({ id }, _args, context) => loadWaits(context, id),
  }),
}))

builder.objectField(ReceivedEvent, 'tasks', (t) =>
  t.field({
    type: [Task],
    description: `Tasks that it answered, at most ${MOST}, in no order; those that are no longer kept are missing.`,
    resolve: async ({ id }, _args, context, info) => {
      const taskIds = await loadAnsweredTasks(context, id)
      const tasks = await Promise.all(taskIds.map((taskId) => loadTask(context, info, taskId)))
      return tasks.filter((task) => task !== null)
    },
  }),
)

const loadWaits = groupLoader(
  ({ db, tenant }, taskIds) => readLatestWaits(db, tenant, taskIds, MOST),
  ({ taskId }) => taskId,
)

const answeredOf = groupLoader(
  ({ db, tenant }, eventIds) => readAnsweredTasks(db, tenant, eventIds, MOST),
  ({ eventId }) => eventId,
)

async function loadAnsweredTasks(context: GraphContext, eventId: string): Promise<string[]> {
  const rows = await answeredOf(context, eventId)
  return rows.map(({ taskId }) => taskId)
}

/** Loads the rows of an owner, in one statement for all owners that are asked about at once. */
function groupLoader<Row>(
  read: (context: GraphContext, ownerIds: readonly string[]) => Promise<readonly Row[]>,
  ownerOf: (row: Row) => string,
): (context: GraphContext, ownerId: string) => Promise<Row[]> {
  const loaderOfContext = new WeakMap<GraphContext, DataLoader<string, Row[]>>()
  return (context, ownerId) => {
    let loader = loaderOfContext.get(context)
    if (loader === undefined) {
      loader = new DataLoader(
        async (ids) => {
          const rows = Map.groupBy(await read(context, [...new Set(ids)]), ownerOf)
          return ids.map((id) => rows.get(id) ?? [])
        },
        { cache: false },
      )
      loaderOfContext.set(context, loader)
    }
    return loader.load(ownerId)
  }
}
