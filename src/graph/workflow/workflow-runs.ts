import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { isRoleEnough, ROLES } from '../../access/role.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { uuidOfArgument } from '../node-id.ts'
import type { PageArgs } from '../page.ts'
import { prismaOf } from '../prisma-of.ts'
import { DateTimeFilter } from '../task/task-filter-input.ts'
import { Approval } from './approval.ts'
import { newestFirst, newestFirstPage } from './newest-first.ts'
import { ApprovalConnection, WorkflowRunConnection } from './run-connection.ts'
import { ApprovalStatusEnum, RunStatusEnum } from './workflow-enums.ts'
import { WorkflowRun } from './workflow-run.ts'

const RunStatusFilter = builder.inputType('RunStatusFilter', {
  description: 'Conditions on where a run stands; all that are given must hold.',
  fields: (t) => ({
    eq: t.field({ type: RunStatusEnum, description: 'It is this.' }),
    in: t.field({ type: [RunStatusEnum], description: 'It is one of these.' }),
    notIn: t.field({ type: [RunStatusEnum], description: 'It is none of these.' }),
  }),
})

const WorkflowRunFilter = builder.inputType('WorkflowRunFilter', {
  description: 'Which runs are wanted. All conditions that are given must hold.',
  fields: (t) => ({
    status: t.field({ type: RunStatusFilter, description: 'Where it stands.' }),
    workflow: t.string({ description: 'Name of its workflow.' }),
    workflowId: t.id({ description: 'TypeID of its workflow.' }),
    version: t.int({ description: 'Number of its version.' }),
    createdAt: t.field({ type: DateTimeFilter, description: 'When it was asked for.' }),
    startedAt: t.field({ type: DateTimeFilter, description: 'When it began.' }),
    finishedAt: t.field({ type: DateTimeFilter, description: 'When it ended.' }),
    parentId: t.id({ description: 'TypeID: that run started it as a step.' }),
    isChild: t.boolean({ description: 'Whether a step of another run started it.' }),
    forkedFromId: t.id({ description: 'TypeID: it is a fork of that run.' }),
    createdBy: t.string({ description: 'Name of the principal that asked for it.' }),
  }),
})

const ApprovalFilter = builder.inputType('ApprovalFilter', {
  description: 'Which approvals are wanted. All conditions that are given must hold.',
  fields: (t) => ({
    status: t.field({ type: [ApprovalStatusEnum], description: 'It stands at one of these.' }),
    runId: t.id({ description: 'TypeID: that run asks.' }),
    asksMe: t.boolean({ description: 'Whether it asks who sends this query, by name or role.' }),
  }),
})

builder.queryFields((t) => ({
  workflowRun: t.prismaField({
    type: WorkflowRun,
    nullable: true,
    description: 'One run by its id; null when there is none in your tenant.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the run.' }) },
    resolve: (query, _root, { id }, context) =>
      prismaOf(context).workflowRun.findUnique({
        ...query,
        where: { tenant_id: { tenant: context.tenant, id: uuidOfArgument(ID_PREFIXES.run, id) } },
      }),
  }),
  workflowRuns: t.connection(
    {
      type: WorkflowRun,
      description: 'Runs of all workflows, the latest first.',
      authScopes: { role: 'VIEWER' },
      args: { filter: t.arg({ type: WorkflowRunFilter, description: 'Only runs that match this.' }) },
      resolve: (_root, args, context, info) => readRuns(context, info, args) as never,
    },
    WorkflowRunConnection,
  ),
  approvals: t.connection(
    {
      type: Approval,
      description: 'What runs have asked people, the latest first.',
      authScopes: { role: 'VIEWER' },
      args: { filter: t.arg({ type: ApprovalFilter, description: 'Only approvals that match this.' }) },
      resolve: (_root, args, context, info) => readApprovals(context, info, args) as never,
    },
    ApprovalConnection,
  ),
}))

const PATHS: [string[], string[]] = [['edges', 'node'], ['nodes']]

type RunArgs = PageArgs & { readonly filter?: typeof WorkflowRunFilter.$inferInput | null }

/** One page and all that is selected of it, in one statement. */
async function readRuns(context: GraphContext, info: GraphQLResolveInfo, args: RunArgs) {
  const wanted = { tenant: context.tenant, AND: conditionsOf(args.filter ?? {}, context.tenant) }
  const { where, ...page } = newestFirst(args)
  const rows = await prismaOf(context).workflowRun.findMany({
    ...queryFromInfo({ context, info, paths: PATHS }),
    ...page,
    where: { ...wanted, ...where },
  })
  return {
    ...newestFirstPage(args, rows as { id: string }[]),
    countAll: () => prismaOf(context).workflowRun.count({ where: wanted }),
  }
}

function conditionsOf(filter: NonNullable<RunArgs['filter']>, tenant: string) {
  const { status, workflow, workflowId, version, createdAt, startedAt, finishedAt, parentId, isChild } = filter
  const { forkedFromId, createdBy } = filter
  return [
    ...(status?.eq == null ? [] : [{ status: status.eq }]),
    ...(status?.in == null ? [] : [{ status: { in: [...status.in] } }]),
    ...(status?.notIn == null ? [] : [{ status: { notIn: [...status.notIn] } }]),
    ...(workflow == null ? [] : [{ workflow: { is: { tenant, name: workflow } } }]),
    ...(workflowId == null ? [] : [{ workflowId: uuidOfArgument(ID_PREFIXES.workflow, workflowId) }]),
    ...(version == null ? [] : [{ versionNumber: version }]),
    ...(createdAt == null ? [] : [{ createdAt: timesOf(createdAt) }]),
    ...(startedAt == null ? [] : [{ startedAt: timesOf(startedAt) }]),
    ...(finishedAt == null ? [] : [{ finishedAt: timesOf(finishedAt) }]),
    ...(parentId == null ? [] : [{ parentRunId: uuidOfArgument(ID_PREFIXES.run, parentId) }]),
    ...(isChild == null ? [] : [{ parentRunId: isChild ? { not: null } : null }]),
    ...(forkedFromId == null ? [] : [{ forkedFromId: uuidOfArgument(ID_PREFIXES.run, forkedFromId) }]),
    ...(createdBy == null ? [] : [{ createdBy }]),
  ]
}

function timesOf({ gt, gte, lt, lte }: typeof DateTimeFilter.$inferInput) {
  return {
    ...(gt != null && { gt }),
    ...(gte != null && { gte }),
    ...(lt != null && { lt }),
    ...(lte != null && { lte }),
  }
}

type ApprovalArgs = PageArgs & { readonly filter?: typeof ApprovalFilter.$inferInput | null }

async function readApprovals(context: GraphContext, info: GraphQLResolveInfo, args: ApprovalArgs) {
  const { tenant, principal } = context
  const { status, runId, asksMe } = args.filter ?? {}
  const { name, role } = principal!
  const mine = ROLES.filter((needed) => isRoleEnough(role, needed))
  const isAsked = { OR: [{ principals: { has: name } }, { role: { in: mine } }] }
  const isNotAsked = { NOT: { principals: { has: name } }, OR: [{ role: null }, { role: { notIn: mine } }] }
  const { where, ...page } = newestFirst(args)
  const rows = await prismaOf(context).approval.findMany({
    ...queryFromInfo({ context, info, paths: PATHS }),
    ...page,
    where: {
      tenant,
      ...where,
      AND: [
        ...(status == null ? [] : [{ status: { in: [...status] } }]),
        ...(runId == null ? [] : [{ runId: uuidOfArgument(ID_PREFIXES.run, runId) }]),
        ...(asksMe == null ? [] : [asksMe ? isAsked : isNotAsked]),
      ],
    },
  })
  return newestFirstPage(args, rows as { id: string }[])
}
