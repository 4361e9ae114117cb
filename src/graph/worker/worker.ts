import type { JsonValue } from '../../task/json.ts'
import { builder } from '../builder.ts'
import { prismaOf } from '../prisma-of.ts'

const WorkerStateEnum = builder.enumType('WorkerState', {
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
    labels: t.field({
      type: 'JSON',
      description: 'Names and values it is chosen by.',
      resolve: ({ labels }) => labels as JsonValue,
    }),
    slots: t.exposeInt('slots', { description: 'How many tasks it runs at once, 1 to 10,000.' }),
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
