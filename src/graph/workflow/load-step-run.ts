import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { StepRun } from '../../infra/generated/prisma/client.ts'
import type { GraphContext } from '../context.ts'
import { createFieldLoader } from '../field-loader.ts'
import { nested } from '../nested-loader.ts'
import { prismaOf } from '../prisma-of.ts'

/** A step of a run by `<uuid of the run>.<path>`, in one statement for a whole list; null when it was never reached, or is gone. */
export const loadStepRun = nested(
  createFieldLoader<GraphContext, StepRun & { id: string }>((context, info, ids) =>
    readStepRuns(
      context,
      info,
      ids.map((id) => ({ runId: id.slice(0, id.indexOf('.')), path: id.slice(id.indexOf('.') + 1) })),
    ),
  ),
)

/** The steps at these places and more, with all that is selected of them, in one statement; `id` is as {@link loadStepRun} takes it. */
export async function readStepRuns(
  context: GraphContext,
  info: GraphQLResolveInfo,
  places: readonly { readonly runId: string; readonly path: string }[],
): Promise<(StepRun & { id: string })[]> {
  // Every path of every run: those of one workflow have the same, and what is too much is dropped.
  const steps = await prismaOf(context).stepRun.findMany({
    ...queryFromInfo({ context, info }),
    where: {
      tenant: context.tenant,
      runId: { in: [...new Set(places.map(({ runId }) => runId))] },
      path: { in: [...new Set(places.map(({ path }) => path))] },
    },
  })
  return steps.map((step) => ({ ...step, id: `${step.runId}.${step.path}` }))
}
