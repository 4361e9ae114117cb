import { FINISHED_STATUSES, isFinished, type TaskStatus } from '../../task/status.ts'
import type { GraphContext } from '../context.ts'
import { prismaOf } from '../prisma-of.ts'
import { requestError } from '../request-error.ts'
import type { Expired, LineBatch } from './event-reader.ts'
import { untilLeft, whileWelcome } from './feed.ts'

const DRAIN_SIZE = 500

/**
 * The lines of one task, those that are there and those to come, until the task has ended.
 *
 * The end is an event of another log, so what was written before it is read once more after it.
 *
 * @param after where to go on from; absent: from the first line that is kept
 * @throws GraphQLError NOT_FOUND when there is no such task
 */
export async function watchLog(context: GraphContext, taskId: string, after: string | undefined) {
  const { events, tenant } = context
  const start = await events.readCursor()
  const status = await readStatus(context, taskId)
  if (status === null) {
    throw requestError(
      'NOT_FOUND',
      'There is no such task: it never existed, was removed, or belongs to another tenant.',
    )
  }
  return untilLeft<LineBatch | Expired>(context, async function* (signal) {
    let position = after
    if (!isFinished(status)) {
      const ended = new AbortController()
      const untilEnd = AbortSignal.any([signal, ended.signal])
      const finish = waitForEnd(context, taskId, start, untilEnd).finally(() => ended.abort())
      // Awaited below; until then a failure only ends the feed.
      finish.catch(() => undefined)
      try {
        const from = position === undefined ? {} : { after: position }
        const feed = events.openLog({ tenant, taskId, signal: untilEnd, ...from })
        for await (const item of whileWelcome(context, feed, untilEnd)) {
          yield item
          if (item.kind === 'expired') return
          position = item.cursor
        }
      } finally {
        ended.abort()
      }
      await finish
      if (signal.aborted) return
    }
    yield* drain(context, taskId, position)
  })
}

/** What is there already, to the end. */
async function* drain({ events, tenant }: GraphContext, taskId: string, from: string | undefined) {
  for (let after = from; ; ) {
    const page = await events.readLog({ tenant, taskId, first: DRAIN_SIZE, ...(after !== undefined && { after }) })
    if (page.kind === 'expired' || page.lines.length > 0 || from === undefined) yield page
    if (page.kind === 'expired' || page.caughtUp) return
    after = page.cursor
  }
}

async function waitForEnd(
  { events, tenant }: GraphContext,
  taskId: string,
  after: string,
  signal: AbortSignal,
): Promise<void> {
  const filter = { taskIds: [taskId], statuses: FINISHED_STATUSES }
  for await (const item of events.openFeed({ tenant, after, filter, signal })) {
    if (item.kind === 'expired' || item.events.length > 0) return
  }
}

async function readStatus(context: GraphContext, id: string): Promise<TaskStatus | null> {
  const { tenant } = context
  const task = await prismaOf(context).task.findUnique({
    where: { tenant_id: { tenant, id } },
    select: { status: true },
  })
  return task?.status ?? null
}
