import { queryFromInfo } from '@pothos/plugin-prisma'
import type { Backfill, Schedule } from '../../infra/generated/prisma/client.ts'
import type { GraphContext } from '../context.ts'
import { createFieldLoader } from '../field-loader.ts'
import { prismaOf } from '../prisma-of.ts'

/** The schedule with this uuid and all that is selected below it, in one statement for a whole list. */
export const loadSchedule = createFieldLoader<GraphContext, Schedule>((context, info, ids) =>
  prismaOf(context).schedule.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)

/** The backfill with this uuid. */
export const loadBackfill = createFieldLoader<GraphContext, Backfill>((context, info, ids) =>
  prismaOf(context).backfill.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)
