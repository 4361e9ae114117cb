import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { uuidOfArgument } from '../node-id.ts'
import { connectionOf, type PageArgs, pageOf } from '../page.ts'
import { prismaOf } from '../prisma-of.ts'
import { countTasks, findTaskPage, type TaskList } from './list-tasks.ts'
import { Task } from './task.ts'
import { TaskConnection } from './task-connection.ts'
import { TaskFilterInput } from './task-filter-input.ts'
import { TaskOrderInput, taskOrderOf } from './task-order.ts'

builder.queryFields((t) => ({
  task: t.prismaField({
    type: Task,
    nullable: true,
    description: 'One task by its id; null when there is none in your tenant.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the task.' }) },
    resolve: (query, _root, { id }, context) =>
      prismaOf(context).task.findUnique({
        ...query,
        where: { tenant_id: { tenant: context.tenant, id: uuidOfArgument(ID_PREFIXES.task, id) } },
      }),
  }),
  tasks: t.connection(
    {
      type: Task,
      description: 'Tasks, the latest created first unless `orderBy` says otherwise.',
      authScopes: { role: 'VIEWER' },
      args: {
        filter: t.arg({ type: TaskFilterInput, description: 'Only tasks that match this.' }),
        orderBy: t.arg({ type: [TaskOrderInput], description: 'How they are sorted; one entry.' }),
      },
      resolve: (_root, args, context, info) =>
        readTaskPage(context, info, args, {
          tenant: context.tenant,
          filter: args.filter ?? {},
          order: taskOrderOf(args.orderBy),
        }) as never,
    },
    TaskConnection,
  ),
}))

/** Reads a page in two statements: one finds it, one fetches all that is selected of it. */
async function readTaskPage(context: GraphContext, info: GraphQLResolveInfo, args: PageArgs, list: TaskList) {
  const page = pageOf(args)
  const places = await findTaskPage(context.db, list, page)
  const tasks = await prismaOf(context).task.findMany({
    ...queryFromInfo({ context, info, paths: [['edges', 'node'], ['nodes']] }),
    where: { tenant: list.tenant, id: { in: places.map(({ id }) => id) } },
  })
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const connection = connectionOf(page, places, ({ id, cursor }) => ({ cursor, node: byId.get(id) ?? null }))
  return {
    ...connection,
    // Between the two statements a task may have been removed.
    edges: connection.edges.filter(({ node }) => node !== null),
    countAll: () => countTasks(context.db, list),
  }
}
