import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { checkTiming } from '../../schedule/check-timing.ts'
import { nextFires } from '../../schedule/fires.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { InvalidInput } from '../invalid-input.ts'
import { decodeKeyset, encodeKeyset } from '../keyset.ts'
import { uuidOfArgument } from '../node-id.ts'
import { connectionOf, MAX_PAGE_SIZE, type PageArgs, pageOf } from '../page.ts'
import { prismaOf } from '../prisma-of.ts'
import { Schedule } from './schedule.ts'
import { ScheduleStatusEnum } from './schedule-enums.ts'
import { TimingInput } from './schedule-inputs.ts'
import { timingOf } from './timing-of.ts'

const ORDER = 'CREATED_AT DESC'

const ScheduleStatusFilter = builder.inputType('ScheduleStatusFilter', {
  description: 'Conditions on where a schedule stands; all that are given must hold.',
  fields: (t) => ({
    eq: t.field({ type: ScheduleStatusEnum, description: 'It is this.' }),
    in: t.field({ type: [ScheduleStatusEnum], description: 'It is one of these.' }),
  }),
})

const ScheduleFilter = builder.inputType('ScheduleFilter', {
  description: 'Which schedules are wanted. All conditions that are given must hold.',
  fields: (t) => ({
    status: t.field({ type: ScheduleStatusFilter, description: 'Where it stands.' }),
    name: t.string({ description: 'Its whole name.' }),
    taskType: t.string({ description: 'Name of the type of its tasks.' }),
    workflow: t.string({ description: 'Name of the workflow that it starts.' }),
  }),
})

const ScheduleEdge = builder.edgeObject({
  type: Schedule,
  name: 'ScheduleEdge',
  description: 'A schedule in a list, with its position.',
})

const ScheduleConnection = builder.connectionObject(
  {
    type: Schedule,
    name: 'ScheduleConnection',
    description: 'A page of a list of schedules.',
    fields: (t) => ({
      totalCount: t.int({
        description:
          'How many there are on all pages together. Costs a count of its own: ask for it only where it is shown.',
        resolve: (page) => (page as unknown as { countAll: () => Promise<number> }).countAll(),
      }),
    }),
  },
  ScheduleEdge,
)

const PreviewScheduleSuccess = builder.objectRef<{ fires: Date[] }>('PreviewScheduleSuccess').implement({
  description: 'When a timing would fire.',
  fields: (t) => ({
    fires: t.field({
      type: ['DateTime'],
      description: 'Due times, the earliest first; fewer than asked for when there are no more.',
      resolve: ({ fires }) => fires,
    }),
  }),
})

builder.queryFields((t) => ({
  schedule: t.prismaField({
    type: Schedule,
    nullable: true,
    description: 'One schedule by its id, a deleted one too; null when there is none in your tenant.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the schedule.' }) },
    resolve: (query, _root, { id }, context) =>
      prismaOf(context).schedule.findUnique({
        ...query,
        where: { tenant_id: { tenant: context.tenant, id: uuidOfArgument(ID_PREFIXES.schedule, id) } },
      }),
  }),
  schedules: t.connection(
    {
      type: Schedule,
      description: 'Schedules that are not deleted, the latest created first.',
      authScopes: { role: 'VIEWER' },
      args: { filter: t.arg({ type: ScheduleFilter, description: 'Only schedules that match this.' }) },
      resolve: (_root, args, context, info) => readPage(context, info, args) as never,
    },
    ScheduleConnection,
  ),
  previewSchedule: t.errorUnionField({
    types: [PreviewScheduleSuccess, InvalidInput],
    union: {
      name: 'PreviewScheduleResult',
      description: 'When a timing would fire, or what is wrong with it.',
      resolveType: () => 'PreviewScheduleSuccess',
    },
    description: 'When a timing would fire, without making a schedule.',
    authScopes: { role: 'VIEWER' },
    args: {
      timing: t.arg({ type: TimingInput, required: true, description: 'When it fires.' }),
      after: t.arg({ type: 'DateTime', description: 'Due times after this; after now when absent.' }),
      count: t.arg.int({ description: `How many, 1 to ${MAX_PAGE_SIZE}; 10 when absent.` }),
    },
    resolve: (_root, { timing: input, after, count }) => {
      const now = new Date()
      const timing = timingOf(input, now, ['timing'])
      const issues = checkTiming(timing, after ?? now, ['timing'])
      if (issues.length > 0) throw new InvalidInput(issues)
      const { size } = pageOf({ first: count ?? 10 })
      return { fires: nextFires(timing, after ?? now, size) }
    },
  }),
}))

interface ListArgs extends PageArgs {
  readonly filter?: typeof ScheduleFilter.$inferInput | null
}

/** One page and all that is selected of it, in one statement. */
async function readPage(context: GraphContext, info: GraphQLResolveInfo, args: ListArgs) {
  const page = pageOf(args)
  const { status, name, taskType, workflow } = args.filter ?? {}
  const wanted = {
    tenant: context.tenant,
    deletedAt: null,
    AND: [
      ...(status?.eq == null ? [] : [{ status: status.eq }]),
      ...(status?.in == null ? [] : [{ status: { in: [...status.in] } }]),
      ...(name == null ? [] : [{ name }]),
      ...(taskType == null ? [] : [{ taskTypeName: taskType }]),
      ...(workflow == null ? [] : [{ workflowName: workflow }]),
    ],
  }
  const id = {
    ...(page.after !== null && { lt: decodeKeyset(ORDER, page.after).id }),
    ...(page.before !== null && { gt: decodeKeyset(ORDER, page.before).id }),
  }
  const rows = await prismaOf(context).schedule.findMany({
    ...queryFromInfo({ context, info, paths: [['edges', 'node'], ['nodes']] }),
    where: { ...wanted, id },
    orderBy: { id: page.isBackward ? 'asc' : 'desc' },
    take: page.size + 1,
  })
  const connection = connectionOf(page, rows, (node) => ({
    cursor: encodeKeyset(ORDER, { at: null, id: node.id }),
    node,
  }))
  return { ...connection, countAll: () => prismaOf(context).schedule.count({ where: wanted }) }
}
