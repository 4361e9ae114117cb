import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { WorkflowVersion } from '../../infra/generated/prisma/client.ts'
import type { GraphContext } from '../context.ts'
import { prismaOf } from '../prisma-of.ts'

/** A version that was just written, with all that is selected below it. */
export async function loadVersion(
  context: GraphContext,
  info: GraphQLResolveInfo,
  { workflowId, number }: { readonly workflowId: string; readonly number: number },
): Promise<WorkflowVersion> {
  const version = await prismaOf(context).workflowVersion.findUnique({
    ...queryFromInfo({ context, info }),
    where: { tenant_workflowId_number: { tenant: context.tenant, workflowId, number } },
  })
  if (version === null) throw new Error(`Version ${number} of ${workflowId} is gone right after it was written`)
  return version
}
