import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { findTriggersOf } from '../../trigger/store/triggers.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { uuidOfArgument } from '../node-id.ts'
import type { PageArgs } from '../page.ts'
import { prismaOf } from '../prisma-of.ts'
import { newestFirst, newestFirstPage } from '../workflow/newest-first.ts'
import { Trigger, TriggerFiring } from './trigger.ts'
import { TriggerStatusEnum } from './trigger-enums.ts'

const TriggerStatusFilter = builder.inputType('TriggerStatusFilter', {
  description: 'Conditions on where a trigger stands; all that are given must hold.',
  fields: (t) => ({
    eq: t.field({ type: TriggerStatusEnum, description: 'It is this.' }),
    in: t.field({ type: [TriggerStatusEnum], description: 'It is one of these.' }),
  }),
})

const TriggerFilter = builder.inputType('TriggerFilter', {
  description: 'Which triggers are wanted. All conditions that are given must hold.',
  fields: (t) => ({
    status: t.field({ type: TriggerStatusFilter, description: 'Where it stands.' }),
    name: t.string({ description: 'Its whole name.' }),
    takesKey: t.string({ description: 'It is ACTIVE, and takes events with this key.' }),
    taskType: t.string({ description: 'Name of the type of its tasks.' }),
    workflow: t.string({ description: 'Name of the workflow that it starts.' }),
  }),
})

const TriggerEdge = builder.edgeObject({
  type: Trigger,
  name: 'TriggerEdge',
  description: 'A trigger in a list, with its position.',
})

const TriggerConnection = builder.connectionObject(
  {
    type: Trigger,
    name: 'TriggerConnection',
    description: 'A page of a list of triggers.',
    fields: (t) => ({
      totalCount: t.int({
        description:
          'How many there are on all pages together. Costs a count of its own: ask for it only where it is shown.',
        resolve: (page) => (page as unknown as { countAll: () => Promise<number> }).countAll(),
      }),
    }),
  },
  TriggerEdge,
)

builder.queryFields((t) => ({
  trigger: t.prismaField({
    type: Trigger,
    nullable: true,
    description: 'One trigger by its id, a deleted one too; null when there is none in your tenant.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the trigger.' }) },
    resolve: (query, _root, { id }, context) =>
      prismaOf(context).trigger.findUnique({
        ...query,
        where: { tenant_id: { tenant: context.tenant, id: uuidOfArgument(ID_PREFIXES.trigger, id) } },
      }),
  }),
  triggerFiring: t.prismaField({
    type: TriggerFiring,
    nullable: true,
    description:
      'One firing of a trigger by its id; null when there is none in your tenant, or it is not kept any more.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the firing.' }) },
    resolve: (query, _root, { id }, context) =>
      prismaOf(context).triggerFiring.findUnique({
        ...query,
        where: { tenant_id: { tenant: context.tenant, id: uuidOfArgument(ID_PREFIXES.firing, id) } },
      }),
  }),
  triggers: t.connection(
    {
      type: Trigger,
      description: 'Triggers that are not deleted, the latest created first.',
      authScopes: { role: 'VIEWER' },
      args: { filter: t.arg({ type: TriggerFilter, description: 'Only triggers that match this.' }) },
      resolve: (_root, args, context, info) => readPage(context, info, args) as never,
    },
    TriggerConnection,
  ),
}))

interface ListArgs extends PageArgs {
  readonly filter?: typeof TriggerFilter.$inferInput | null
}

/** One page and all that is selected of it, in one statement; one more where it is asked by a key. */
async function readPage(context: GraphContext, info: GraphQLResolveInfo, args: ListArgs) {
  const { status, name, takesKey, taskType, workflow } = args.filter ?? {}
  const taking = takesKey == null ? null : await findTriggersOf(context.db, context.tenant, takesKey)
  const wanted = {
    tenant: context.tenant,
    deletedAt: null,
    AND: [
      ...(status?.eq == null ? [] : [{ status: status.eq }]),
      ...(status?.in == null ? [] : [{ status: { in: [...status.in] } }]),
      ...(name == null ? [] : [{ name }]),
      ...(taking === null ? [] : [{ id: { in: [...taking] } }]),
      ...(taskType == null ? [] : [{ taskTypeName: taskType }]),
      ...(workflow == null ? [] : [{ workflowName: workflow }]),
    ],
  }
  const { where, ...page } = newestFirst(args)
  const rows = await prismaOf(context).trigger.findMany({
    ...queryFromInfo({ context, info, paths: [['edges', 'node'], ['nodes']] }),
    where: { ...wanted, ...where },
    ...page,
  })
  return { ...newestFirstPage(args, rows), countAll: () => prismaOf(context).trigger.count({ where: wanted }) }
}
