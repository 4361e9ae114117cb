import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { isFinished } from '../../task/status.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { untilLeft, whileWelcome } from '../event/feed.ts'
import { merge } from '../event/merge.ts'
import { versionsOf } from '../event/versions-of.ts'
import { uuidOfArgument } from '../node-id.ts'
import { prismaOf } from '../prisma-of.ts'
import { requestError } from '../request-error.ts'
import { selects } from '../selects.ts'
import type { Look } from './look.ts'
import { Task } from './task.ts'

builder.subscriptionFields((t) => ({
  taskUpdated: t.field({
    type: Task,
    description:
      'A task: its present state first, then each newer one that was there when the last had been sent. With `blockedBy` also when only the reasons why it waits have changed, at most once a second; its version is the same then. Ends when it has ended.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the task.' }) },
    subscribe: (_root, { id }, context, info) => watchTask(context, info, uuidOfArgument(ID_PREFIXES.task, id)),
    resolve: (task) => task,
  }),
}))

/**
 * The states of a task: each is read after the news of it, so a slow subscriber gets fewer and newer ones.
 *
 * The position in the log is taken before the first read, so that nothing falls between; what the read has seen already
 * comes once more as an event and is dropped by its version.
 */
async function watchTask(context: GraphContext, info: GraphQLResolveInfo, id: string) {
  const start = await context.events.readCursor()
  // A look before the read: reasons that change between the two are news afterwards.
  let seen = selects(info, 'blockedBy') ? await context.reasons.look(context.tenant, id) : null
  const present = await readTask(context, info, id)
  if (present === null) {
    throw requestError(
      'NOT_FOUND',
      'There is no such task: it never existed, was removed, or belongs to another tenant.',
    )
  }
  return untilLeft(context, async function* (signal) {
    yield present
    let { version } = present
    if (isFinished(present.status)) return
    const over = new AbortController()
    const untilOver = AbortSignal.any([signal, over.signal])
    const news = versionsOf(context, { taskIds: [id] }, start, untilOver)
    const looksAt = (first: Look) => context.reasons.looks(context.tenant, id, () => seen ?? first, untilOver)
    const all = seen === null ? news : merge<number | Look>(news, whileWelcome(context, looksAt(seen), untilOver))
    try {
      for await (const item of all) {
        const isOther = typeof item === 'object' && item.at > (seen?.at ?? 0) && item.text !== seen?.text
        if (!isOther && !(typeof item === 'number' && item > version)) continue
        if (typeof item === 'object') seen = item
        else if (seen !== null) seen = await context.reasons.look(context.tenant, id)
        const task = await readTask(context, info, id)
        if (task === null) return
        if (isOther || task.version > version) yield task
        version = task.version
        if (isFinished(task.status)) return
      }
    } finally {
      over.abort()
    }
  })
}

function readTask(context: GraphContext, info: GraphQLResolveInfo, id: string) {
  return prismaOf(context).task.findUnique({
    ...queryFromInfo({ context, info }),
    where: { tenant_id: { tenant: context.tenant, id } },
  })
}
