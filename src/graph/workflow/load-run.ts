import { queryFromInfo } from '@pothos/plugin-prisma'
import type { Approval, Workflow, WorkflowRun } from '../../infra/generated/prisma/client.ts'
import type { GraphContext } from '../context.ts'
import { createFieldLoader } from '../field-loader.ts'
import { prismaOf } from '../prisma-of.ts'

/** The run with this uuid and all that is selected below it, in one statement for a whole list; null when it is gone. */
export const loadRun = createFieldLoader<GraphContext, WorkflowRun>((context, info, ids) =>
  prismaOf(context).workflowRun.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)

/** The approval with this uuid. */
export const loadApproval = createFieldLoader<GraphContext, Approval>((context, info, ids) =>
  prismaOf(context).approval.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)

/** The workflow with this uuid. */
export const loadWorkflow = createFieldLoader<GraphContext, Workflow>((context, info, ids) =>
  prismaOf(context).workflow.findMany({
    ...queryFromInfo({ context, info }),
    where: { tenant: context.tenant, id: { in: [...ids] } },
  }),
)
