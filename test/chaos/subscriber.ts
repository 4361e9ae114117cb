import { type Cursor, coversPosition } from '../../src/event/cursor.ts'
import { parseCursor } from '../../src/event/cursor-text.ts'
import type { EventFilter } from '../../src/event/filter.ts'
import { encodeTypeId, uuidOf } from '../../src/task/type-id.ts'
import type { Delivered } from '../support/event-checker.ts'
import { below, type Random } from '../support/random.ts'
import type { Open, Subscription } from './subscription.ts'

export interface SubscriberOptions {
  readonly filter: EventFilter
  /** The text of the cursor it starts with. */
  readonly start: string
  readonly random: Random
  readonly open: Open
  /** Where it connects next; resolves when somebody may answer there. */
  readonly target: () => Promise<Pick<Subscription, 'url' | 'apiKey'>>
  /** How likely it is cut after a batch; half as likely in the middle of one. */
  readonly cutChance: number
  /** Awaited after each batch: a slow subscriber waits there. */
  readonly pace?: () => Promise<void>
  readonly readId: (id: string) => string
  /** Known once nothing is written any more: it ends when it stands there. */
  readonly end: () => Cursor | null
}

/** A client that wants certain events, for as long as the test runs, over as many connections as that takes. */
export interface Subscriber {
  readonly filter: EventFilter
  /** What it has received so far. */
  readonly got: readonly Delivered[]
  readonly connections: number
  /** Errors that servers answered with. */
  readonly refusals: readonly string[]
  /** Breaks its connection; it comes back with its last cursor. */
  cut(): void
  /** Resolves at the end; rejects when a cursor is refused or expires. */
  readonly done: Promise<void>
}

/** Something that no broken connection excuses. */
class Misbehaved extends Error {}

/** Subscribes, and again with the last cursor after each end, until it has had everything up to the end. */
export function startSubscriber(options: SubscriberOptions): Subscriber {
  const { filter, random, end } = options
  const got: Delivered[] = []
  const refusals: string[] = []
  let cursor = options.start
  let connection = new AbortController()
  let connections = 0

  const isAtEnd = (): boolean => {
    const last = end()
    if (last === null) return false
    const parsed = parseCursor(cursor, 'events')
    if (parsed.kind === 'malformed') throw new Misbehaved(`A server sent a cursor that ${parsed.reason}`)
    return parsed.cursor.replay === null && coversPosition(parsed.cursor.seen, last.seen)
  }

  /** Takes what one connection brings until it breaks, is cut, or the end is reached. */
  const follow = async (): Promise<boolean> => {
    const target = await options.target()
    connection = new AbortController()
    connections++
    // Cuts in the middle of a batch need the cursors of single events, which most clients do not ask for.
    const isFine = options.cutChance > 0 && random() < 0.25
    const subscription = {
      ...target,
      query: isFine ? FINE : COARSE,
      variables: { after: cursor, filter: inputOf(filter) },
    }
    for await (const { data, errors } of options.open(subscription, connection.signal)) {
      if (errors !== undefined) {
        refusals.push(errors.map(({ message }) => message).join('; '))
        return false
      }
      const batch = data.events
      if (batch.__typename !== 'EventBatch') throw new Misbehaved('A cursor expired though nothing was dropped')
      const isCutInside = isFine && batch.events.length > 1 && random() < options.cutChance / 2
      const kept = isCutInside ? batch.events.slice(0, 1 + below(random, batch.events.length - 1)) : batch.events
      // What workers do is told as well.
      for (const { taskId, version } of kept)
        if (taskId !== undefined) got.push({ taskId: options.readId(taskId), version })
      cursor = isCutInside ? kept.at(-1).cursor : batch.cursor
      if (isAtEnd()) return true
      if (isCutInside || random() < options.cutChance) return false
      await options.pace?.()
    }
    return false
  }

  const run = async (): Promise<void> => {
    for (;;) {
      try {
        if (await follow()) return
      } catch (error) {
        if (error instanceof Misbehaved) throw error
      }
      // A server that has just died refuses at once: without this, hundreds would ask it again in a busy loop.
      await new Promise(setImmediate)
    }
  }

  return {
    filter,
    got,
    get connections() {
      return connections
    },
    refusals,
    cut: () => connection.abort(),
    done: run(),
  }
}

const documentWith = (fields: string): string =>
  `subscription ($after: Cursor, $filter: EventFilter) { events(after: $after, filter: $filter) {
    __typename ... on EventBatch { cursor events { ${fields} ... on TaskEvent { taskId version } } } } }`

const COARSE = documentWith('')
const FINE = documentWith('cursor')

/** The filter as the graph takes it; the tenant is the key's. */
function inputOf({ kinds, taskIds, taskTypes, statuses }: EventFilter): object {
  return {
    ...(kinds && { kind: { in: kinds.map((kind) => kind.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase()) } }),
    ...(taskIds && { taskId: { in: taskIds.map((id) => encodeTypeId('task', id)) } }),
    ...(taskTypes && { taskType: { in: taskTypes } }),
    ...(statuses && { status: { in: statuses } }),
  }
}

/** Reads public ids of tasks, one string for each task however often it is delivered. */
export function createIdReader(): (id: string) => string {
  const uuids = new Map<string, string>()
  return (id) => {
    const known = uuids.get(id)
    if (known !== undefined) return known
    const uuid = uuidOf('task', id)
    if (uuid === null) throw new Misbehaved(`${id} is no TypeID of a task`)
    uuids.set(id, uuid)
    return uuid
  }
}
