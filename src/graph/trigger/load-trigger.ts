import { queryFromInfo } from '@pothos/plugin-prisma'
import type { Trigger, TriggerFiring } from '../../infra/generated/prisma/client.ts'
import type { GraphContext } from '../context.ts'
import { createFieldLoader } from '../field-loader.ts'
import { prismaOf } from '../prisma-of.ts'

/** The trigger with this uuid and all that is selected below it, in one statement for a whole list. */
export const loadTrigger = createFieldLoader<GraphContext, Trigger>((context, info, ids) =>
  prismaOf(context).trigger.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)

/** The firing with this uuid. */
export const loadFiring = createFieldLoader<GraphContext, TriggerFiring>((context, info, ids) =>
  prismaOf(context).triggerFiring.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)
