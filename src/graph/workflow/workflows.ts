import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { uuidOfArgument } from '../node-id.ts'
import type { PageArgs } from '../page.ts'
import { prismaOf } from '../prisma-of.ts'
import { requestError } from '../request-error.ts'
import type { CountedPage } from '../task/task-connection.ts'
import { newestFirst, newestFirstPage } from './newest-first.ts'
import { Workflow } from './workflow.ts'
import { WorkflowStatusEnum } from './workflow-enums.ts'

const WorkflowFilter = builder.inputType('WorkflowFilter', {
  description: 'Which workflows are wanted. All conditions that are given must hold.',
  fields: (t) => ({
    name: t.string({ description: 'Its whole name.' }),
    search: t.string({ description: 'Its name holds this; case does not count.' }),
    status: t.field({ type: [WorkflowStatusEnum], description: 'It has a version that stands at one of these.' }),
  }),
})

const WorkflowEdge = builder.edgeObject({
  type: Workflow,
  name: 'WorkflowEdge',
  description: 'A workflow in a list, with its position.',
})

const WorkflowConnection = builder.connectionObject(
  {
    type: Workflow,
    name: 'WorkflowConnection',
    description: 'A page of a list of workflows.',
    fields: (t) => ({
      totalCount: t.int({
        description:
          'How many there are on all pages together. Costs a count of its own: ask for it only where it is shown.',
        resolve: (page) => (page as unknown as CountedPage).countAll(),
      }),
    }),
  },
  WorkflowEdge,
)

builder.queryFields((t) => ({
  workflow: t.prismaField({
    type: Workflow,
    nullable: true,
    description: 'One workflow by its id or by its name; null when there is none in your tenant.',
    authScopes: { role: 'VIEWER' },
    args: {
      id: t.arg.id({ description: 'TypeID of the workflow.' }),
      name: t.arg.string({ description: 'Or its name.' }),
    },
    resolve: (query, _root, args, context) =>
      prismaOf(context).workflow.findUnique({ ...query, where: keyOf(args, context.tenant) }),
  }),
  workflows: t.connection(
    {
      type: Workflow,
      description: 'Workflows, the latest made first.',
      authScopes: { role: 'VIEWER' },
      args: { filter: t.arg({ type: WorkflowFilter, description: 'Only workflows that match this.' }) },
      resolve: (_root, args, context, info) => readPage(context, info, args) as never,
    },
    WorkflowConnection,
  ),
}))

/** @throws GraphQLError unless exactly one of the two is given */
export function keyOf({ id, name }: { id?: string | null; name?: string | null }, tenant: string) {
  if ((id == null) === (name == null)) {
    throw requestError('BAD_USER_INPUT', 'Give the `id` of the workflow or its `name`: exactly one of them.')
  }
  if (name != null) return { tenant_name: { tenant, name } }
  return { tenant_id: { tenant, id: uuidOfArgument(ID_PREFIXES.workflow, id!) } }
}

type ListArgs = PageArgs & { readonly filter?: typeof WorkflowFilter.$inferInput | null }

/** One page and all that is selected of it, in one statement. */
async function readPage(context: GraphContext, info: GraphQLResolveInfo, args: ListArgs) {
  const { tenant } = context
  const { name, search, status } = args.filter ?? {}
  const wanted = {
    tenant,
    AND: [
      ...(name == null ? [] : [{ name }]),
      ...(search == null ? [] : [{ name: { contains: search, mode: 'insensitive' as const } }]),
      ...(status == null ? [] : [{ versions: { some: { status: { in: [...status] } } } }]),
    ],
  }
  const { where, ...page } = newestFirst(args)
  const rows = await prismaOf(context).workflow.findMany({
    ...queryFromInfo({ context, info, paths: [['edges', 'node'], ['nodes']] }),
    ...page,
    where: { ...wanted, ...where },
  })
  return {
    ...newestFirstPage(args, rows as { id: string }[]),
    countAll: () => prismaOf(context).workflow.count({ where: wanted }),
  }
}
