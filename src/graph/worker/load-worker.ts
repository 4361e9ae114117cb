import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { Worker } from '../../infra/generated/prisma/client.ts'
import type { GraphContext } from '../context.ts'
import { createFieldLoader } from '../field-loader.ts'
import { prismaOf } from '../prisma-of.ts'

/** The worker with this uuid, in one statement for a whole list; null when it is forgotten. */
export const loadWorker = createFieldLoader<GraphContext, Worker>((context, info: GraphQLResolveInfo, ids) =>
  prismaOf(context).worker.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)
