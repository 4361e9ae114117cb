import type { JsonValue } from '../../task/json.ts'
import { type Amounts, resourcesOf } from '../../task/resources.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { uuidOfArgument } from '../node-id.ts'
import { prismaOf } from '../prisma-of.ts'
import { countLeases } from '../task/count-related.ts'
import { ResourcesType } from '../task/resources.ts'
import { loadUsage } from './load-usage.ts'

/** What a worker does. */
export const WorkerStateEnum = builder.enumType('WorkerState', {
  description: 'What a worker does.',
  values: {
    ACTIVE: { description: 'Claims tasks and renews its lease.' },
    DRAINING: { description: 'Finishes what it holds and claims nothing.' },
    LOST: { description: 'Stopped renewing its lease; its tasks were taken back.' },
    STOPPED: { description: 'Signed off.' },
  } as const,
})

/** A process that runs tasks. */
export const Worker = builder.prismaNode('Worker', {
  description: 'A process that claims and runs tasks.',
  nullable: true,
  id: { description: 'TypeID with the prefix `worker`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What people call it.' }),
    host: t.exposeString('host', { description: 'Machine that it runs on.' }),
    pid: t.exposeInt('pid', { nullable: true, description: 'Number of its process on that machine.' }),
    version: t.exposeString('version', { nullable: true, description: 'Version of the program that it runs.' }),
    types: t.exposeStringList('types', { description: 'Names of the task types that it serves.' }),
    queues: t.exposeStringList('queues', { description: 'The queues that it takes tasks from.' }),
    labels: t.field({
      type: 'JSON',
      description: 'Names and values it is chosen by.',
      resolve: ({ labels }) => labels as JsonValue,
    }),
    slots: t.exposeInt('slots', { description: 'How many tasks it runs at once, 1 to 10,000.' }),
    capacity: t.field({
      type: ResourcesType,
      description: 'What its tasks may take of it together.',
      select: { resources: true },
      resolve: ({ resources }) => resourcesOf(resources as Amounts),
    }),
    usage: t.field({
      type: ResourcesType,
      description: 'What the tasks that it holds take of it now.',
      resolve: async ({ id }, _args, context) => resourcesOf(await loadUsage(context, id)),
    }),
    leases: t.int({
      description: 'How many tasks it holds now.',
      resolve: ({ id }, _args, context) => countLeases(context, id),
    }),
    heartbeatAge: t.field({
      type: 'Duration',
      description: 'How long ago its last sign of life was; over the lease it counts as lost.',
      select: { heartbeatAt: true },
      resolve: ({ heartbeatAt }) => Math.max(Date.now() - heartbeatAt.getTime(), 0),
    }),
    state: t.expose('state', { type: WorkerStateEnum, description: 'What it does.' }),
    lease: t.field({
      type: 'Duration',
      description: 'How long its tasks stay its own after its last sign of life.',
      resolve: ({ leaseMs }) => leaseMs,
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it signed on.' }),
    heartbeatAt: t.expose('heartbeatAt', { type: 'DateTime', description: 'Its last sign of life.' }),
    stoppedAt: t.expose('stoppedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it signed off or was given up.',
    }),
  }),
})

builder.queryFields((t) => ({
  worker: t.prismaField({
    type: Worker,
    nullable: true,
    description: 'One worker by its id; null when there is none in your tenant.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the worker.' }) },
    resolve: (query, _root, { id }, context) =>
      prismaOf(context).worker.findUnique({
        ...query,
        where: { tenant_id: { tenant: context.tenant, id: uuidOfArgument(ID_PREFIXES.worker, id) } },
      }),
  }),
  workers: t.prismaField({
    type: [Worker],
    description: 'Workers, the latest started first, at most 500.',
    authScopes: { role: 'VIEWER' },
    args: { state: t.arg({ type: WorkerStateEnum, description: 'Only those in this state.' }) },
    resolve: (query, _root, { state }, context) =>
      prismaOf(context).worker.findMany({
        ...query,
        where: { tenant: context.tenant, ...(state == null ? {} : { state }) },
        orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
        take: 500,
      }),
  }),
}))
