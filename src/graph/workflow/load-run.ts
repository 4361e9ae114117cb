import { queryFromInfo } from '@pothos/plugin-prisma'
import type { Approval, Workflow, WorkflowRun } from '../../infra/generated/prisma/client.ts'
import type { GraphContext } from '../context.ts'
import { createFieldLoader } from '../field-loader.ts'
import { nested } from '../nested-loader.ts'
import { prismaOf } from '../prisma-of.ts'
import { loadTask } from '../task/load-task.ts'

/** The run with this uuid and all that is selected below it, in one statement for a whole list; null when it is gone. */
export const loadRun = nested(
  createFieldLoader<GraphContext, WorkflowRun>((context, info, ids) =>
    prismaOf(context).workflowRun.findMany({
      ...queryFromInfo({ context, info }),
      where: { tenant: context.tenant, id: { in: [...ids] } },
    }),
  ),
)

/** The approval with this uuid. */
export const loadApproval = nested(
  createFieldLoader<GraphContext, Approval>((context, info, ids) =>
    prismaOf(context).approval.findMany({
      ...queryFromInfo({ context, info }),
      where: { tenant: context.tenant, id: { in: [...ids] } },
    }),
  ),
)

/** The workflow with this uuid. */
export const loadWorkflow = nested(
  createFieldLoader<GraphContext, Workflow>((context, info, ids) =>
    prismaOf(context).workflow.findMany({
      ...queryFromInfo({ context, info }),
      where: { tenant: context.tenant, id: { in: [...ids] } },
    }),
  ),
)

/** The task with this uuid. */
export const loadTaskWithin = nested(loadTask)
