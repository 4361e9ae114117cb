import { queryFromInfo } from '@pothos/plugin-prisma'
import type { Task } from '../../infra/generated/prisma/client.ts'
import type { GraphContext } from '../context.ts'
import { createFieldLoader } from '../field-loader.ts'
import { prismaOf } from '../prisma-of.ts'

/** The task with this uuid and all that is selected below it, in one statement for a whole list; null when it is gone. */
export const loadTask = createFieldLoader<GraphContext, Task>((context, info, ids) =>
  prismaOf(context).task.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)
