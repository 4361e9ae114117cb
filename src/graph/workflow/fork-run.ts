import { forkRun, type RunForked } from '../../engine/fork-run.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { CannotFork, NotFound, RunsFull } from '../user-failure.ts'
import { loadRun } from './load-run.ts'
import { WorkflowRun } from './workflow-run.ts'

const ForkWorkflowRunInput = builder.inputType('ForkWorkflowRunInput', {
  description: 'A run to fork, and from where.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of a run that has ended.' }),
    from: t.string({
      required: true,
      description: 'Path of the step or iteration that is the first to run again: `build`, `each[3]`, `each[3].test`.',
    }),
    input: t.field({ type: 'JSON', description: 'Input of the new run; that of the run when absent.' }),
    dryRun: t.boolean({ description: 'Only say what would be reused and what would run again; false when absent.' }),
  }),
})

const ForkWorkflowRunSuccess = builder.objectRef<RunForked>('ForkWorkflowRunSuccess').implement({
  description: 'The run was forked, or what would come of it.',
  fields: (t) => ({
    run: t.field({
      type: WorkflowRun,
      nullable: true,
      description: 'The new run; null of a dry run.',
      resolve: ({ runId }, _args, context, info) => (runId === null ? null : loadRun(context, info, runId)),
    }),
    reused: t.stringList({
      description: 'Paths that are taken over as they ended, each with all below it.',
      resolve: ({ reused }) => [...reused],
    }),
    again: t.stringList({
      description: 'Paths that run again, each with all below it; what had not been reached runs as well.',
      resolve: ({ again }) => [...again],
    }),
  }),
})

builder.mutationFields((t) => ({
  forkWorkflowRun: t.errorUnionField({
    types: [ForkWorkflowRunSuccess, InvalidInput, NotFound, CannotFork, RunsFull],
    union: {
      name: 'ForkWorkflowRunResult',
      description: 'What came of forking a run.',
      resolveType: () => 'ForkWorkflowRunSuccess',
    },
    description:
      'Starts a new run that takes over what another did up to a step, and goes on from there, with other input if given. The other stays as it is.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: ForkWorkflowRunInput, required: true, description: 'The run, and from where.' }) },
    resolve: async (_root, { input: { id, from, input, dryRun } }, context) => {
      const request = {
        runId: uuidOfField(ID_PREFIXES.run, id, ['input', 'id']),
        from,
        ...(input !== undefined && { input }),
        isDryRun: dryRun ?? false,
      }
      return valueOrThrow(await forkRun(context.engine, actorOf(context), request), (path) => ['input', ...path])
    },
  }),
}))
