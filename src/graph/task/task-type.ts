import type { JsonValue } from '../../task/json.ts'
import type { TaskResources } from '../../task/resources.ts'
import { builder } from '../builder.ts'
import { prismaOf } from '../prisma-of.ts'
import { ResourcesType } from './resources.ts'

/** A kind of work that workers serve. */
export const TaskType = builder.prismaObject('TaskType', {
  description: 'A kind of work: what goes in, what comes out, and what its tasks start with.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Lower snake case, 1 to 64 characters; unique.' }),
    description: t.exposeString('description', { nullable: true, description: 'What the work is.' }),
    inputSchema: t.field({
      type: 'JSON',
      nullable: true,
      description: 'JSON Schema (2020-12) that the input of a task must fit; null takes anything.',
      resolve: ({ inputSchema }) => inputSchema as JsonValue,
    }),
    outputSchema: t.field({
      type: 'JSON',
      nullable: true,
      description: 'JSON Schema (2020-12) that the output of a task must fit; null takes anything.',
      resolve: ({ outputSchema }) => outputSchema as JsonValue,
    }),
    defaults: t.field({
      type: 'JSON',
      description: 'What a task has where its creator says nothing: priority, timeouts, retry, resources.',
      resolve: ({ defaults }) => defaults as JsonValue,
    }),
    resources: t.field({
      type: ResourcesType,
      nullable: true,
      description: 'What its tasks take of a worker where they do not say; null for nothing.',
      resolve: ({ defaults }) => (defaults as { resources?: TaskResources } | null)?.resources,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was registered first.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it was registered last with a difference.',
    }),
  }),
})

builder.queryFields((t) => ({
  taskType: t.prismaField({
    type: TaskType,
    nullable: true,
    description: 'One task type by its name; null when none is called so.',
    authScopes: { role: 'VIEWER' },
    args: { name: t.arg.string({ required: true, description: 'The name, in lower snake case.' }) },
    resolve: (query, _root, { name }, context) =>
      prismaOf(context).taskType.findUnique({ ...query, where: { tenant_name: { tenant: context.tenant, name } } }),
  }),
  taskTypes: t.prismaField({
    type: [TaskType],
    description: 'All task types by name, at most 1,000.',
    authScopes: { role: 'VIEWER' },
    resolve: (query, _root, _args, context) =>
      prismaOf(context).taskType.findMany({
        ...query,
        where: { tenant: context.tenant },
        orderBy: { name: 'asc' },
        take: 1000,
      }),
  }),
}))
