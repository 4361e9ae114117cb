import { startRun } from '../../engine/start-run.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { InvalidInput, invalid } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { prismaOf } from '../prisma-of.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { IdempotencyConflict, NotFound, RunsFull, UnknownWorkflow } from '../user-failure.ts'
import { runPayload } from './run-payload.ts'

const ExecuteWorkflowInput = builder.inputType('ExecuteWorkflowInput', {
  description: 'A run to start.',
  fields: (t) => ({
    workflow: t.string({ description: 'Name of the workflow.' }),
    id: t.id({ description: 'Or its TypeID.' }),
    version: t.int({ description: 'Number of its version; the newest READY one when absent.' }),
    input: t.field({
      type: 'JSON',
      description: 'What it works on; fits the input schema of the version. An empty object when absent.',
    }),
    idempotencyKey: t.string({
      description:
        'The same key with the same request answers the run that was started first, for 24 hours at least; 1 to 500 characters.',
    }),
  }),
})

const ExecuteWorkflowSuccess = runPayload(
  'ExecuteWorkflowSuccess',
  'The run was started, or had been started before with the same idempotency key.',
)

builder.mutationFields((t) => ({
  executeWorkflow: t.errorUnionField({
    types: [ExecuteWorkflowSuccess, InvalidInput, NotFound, UnknownWorkflow, RunsFull, IdempotencyConflict],
    union: {
      name: 'ExecuteWorkflowResult',
      description: 'What came of starting a run.',
      resolveType: () => 'ExecuteWorkflowSuccess',
    },
    description: 'Starts a run of a workflow; it goes on by itself, and can be watched with `workflowRunUpdated`.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: ExecuteWorkflowInput, required: true, description: 'The run to start.' }) },
    resolve: async (_root, { input: asked }, context) => {
      const { version, input, idempotencyKey } = asked
      const request = {
        workflow: await nameOf(context, asked),
        ...(version != null && { version }),
        // JSON's null is an input as well.
        ...(input !== undefined && { input }),
        ...(idempotencyKey != null && { idempotencyKey }),
      }
      return valueOrThrow(await startRun(context.engine, actorOf(context), request), (path) => ['input', ...path])
    },
  }),
}))

/** @throws InvalidInput unless exactly one of the two is given, NotFound when no workflow has the id */
async function nameOf(
  context: GraphContext,
  { workflow, id }: { workflow?: string | null; id?: string | null },
): Promise<string> {
  if ((workflow == null) === (id == null)) throw invalid(['input'], 'give `workflow` or `id`: exactly one of them')
  if (workflow != null) return workflow
  const uuid = uuidOfField(ID_PREFIXES.workflow, id!, ['input', 'id'])
  // Names never change.
  const found = await prismaOf(context).workflow.findUnique({
    select: { name: true },
    where: { tenant_id: { tenant: context.tenant, id: uuid } },
  })
  if (found === null) throw new NotFound('workflow', encodeTypeId(ID_PREFIXES.workflow, uuid), ['input', 'id'])
  return found.name
}
