import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { hasEnded } from '../../workflow/run/run-state.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { untilLeft } from '../event/feed.ts'
import { versionsOf } from '../event/versions-of.ts'
import { uuidOfArgument } from '../node-id.ts'
import { prismaOf } from '../prisma-of.ts'
import { requestError } from '../request-error.ts'
import { WorkflowRun } from './workflow-run.ts'

builder.subscriptionFields((t) => ({
  workflowRunUpdated: t.field({
    type: WorkflowRun,
    description:
      'A run: its present state first, then each newer one, of it or of its steps, that was there when the last had been sent. Ends when it has ended.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the run.' }) },
    subscribe: (_root, { id }, context, info) => watchRun(context, info, uuidOfArgument(ID_PREFIXES.run, id)),
    resolve: (run) => run,
  }),
}))

/**
 * The states of a run: each is read after the news of it, so a slow subscriber gets fewer and newer ones.
 *
 * The position in the log is taken before the first read, so that nothing falls between; what the read has seen already
 * comes once more as an event and is dropped by its number.
 */
async function watchRun(context: GraphContext, info: GraphQLResolveInfo, id: string) {
  const start = await context.events.readCursor()
  const present = await readRun(context, info, id)
  if (present === null) {
    const message = 'There is no such run: it never existed, was removed, or belongs to another tenant.'
    throw requestError('NOT_FOUND', message)
  }
  return untilLeft(context, async function* (signal) {
    yield present
    let { seq } = present
    if (hasEnded(present)) return
    for await (const news of versionsOf(context, { runIds: [id] }, start, signal)) {
      if (news <= seq) continue
      const run = await readRun(context, info, id)
      if (run === null) return
      if (run.seq > seq) yield run
      seq = run.seq
      if (hasEnded(run)) return
    }
  })
}

async function readRun(context: GraphContext, info: GraphQLResolveInfo, id: string) {
  const query = queryFromInfo({ context, info }) as { select?: object }
  return prismaOf(context).workflowRun.findUnique({
    // What tells whether it is newer is read whatever is asked for.
    select: { ...query.select, tenant: true, id: true, status: true, seq: true },
    where: { tenant_id: { tenant: context.tenant, id } },
  })
}
