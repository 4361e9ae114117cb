import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { isFinished } from '../../task/status.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { feedOf } from '../event/feed.ts'
import { uuidOfArgument } from '../node-id.ts'
import { prismaOf } from '../prisma-of.ts'
import { requestError } from '../request-error.ts'
import { Task } from './task.ts'

builder.subscriptionFields((t) => ({
  taskUpdated: t.field({
    type: Task,
    description:
      'A task: its present state first, then each newer one that was there when the last had been sent. Ends when it has ended.',
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
async function* watchTask(context: GraphContext, info: GraphQLResolveInfo, id: string) {
  const { tenant, events } = context
  const after = await events.readCursor()
  let task = await readTask(context, info, id)
  if (task === null) {
    throw requestError(
      'NOT_FOUND',
      'There is no such task: it never existed, was removed, or belongs to another tenant.',
    )
  }
  yield task
  let sent = task.version
  if (isFinished(task.status)) return
  const feed = feedOf(context, (signal) => events.openFeed({ tenant, after, filter: { taskIds: [id] }, signal }))
  for await (const item of feed) {
    const isNews = item.kind === 'expired' || item.events.some(({ version }) => version !== null && version > sent)
    if (!isNews) continue
    task = await readTask(context, info, id)
    if (task === null) return
    if (task.version > sent) {
      yield task
      sent = task.version
    }
    if (isFinished(task.status)) return
  }
}

function readTask(context: GraphContext, info: GraphQLResolveInfo, id: string) {
  return prismaOf(context).task.findUnique({
    ...queryFromInfo({ context, info }),
    where: { tenant_id: { tenant: context.tenant, id } },
  })
}
