import { createWorkflow } from '../../engine/create-workflow.ts'
import type { JsonValue } from '../../task/json.ts'
import type { DefinitionProblem } from '../../workflow/definition/problem.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { InvalidInput } from '../invalid-input.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { InvalidWorkflow } from '../user-failure.ts'
import { checkDefinition } from './check-definition.ts'
import { DefinitionProblemType } from './definition-problem.ts'
import { loadVersion } from './load-version.ts'
import { WorkflowVersion } from './workflow.ts'

/** A version that was kept. */
export interface KeptVersion {
  /** uuid */
  readonly workflowId: string
  readonly number: number
}

/** A definition that was kept as a version, with what may go wrong when it is run. */
export interface KeptDefinition extends KeptVersion {
  readonly isNew: boolean
  readonly problems: readonly DefinitionProblem[]
}

/**
 * Judges a definition and keeps it.
 *
 * @param options.path where it stands in the arguments of the mutation
 * @throws InvalidWorkflow with all that is wrong with it
 */
export async function keepDefinition(
  context: GraphContext,
  definition: JsonValue,
  { isDraft, path }: { readonly isDraft: boolean | null | undefined; readonly path: readonly string[] },
): Promise<KeptDefinition> {
  const checked = await checkDefinition(context, definition)
  if (!checked.ok) throw new InvalidWorkflow(checked.problems, path)
  const request = { definition: checked.definition, isDraft: isDraft ?? false }
  const kept = valueOrThrow(await createWorkflow(context.engine, actorOf(context), request), (at) => at)
  return { ...kept, problems: checked.problems }
}

export const CreateWorkflowSuccess = builder.objectRef<KeptDefinition>('CreateWorkflowSuccess').implement({
  description: 'The version is kept.',
  fields: (t) => ({
    version: t.field({
      type: WorkflowVersion,
      description: 'The version; its `workflow` leads on.',
      resolve: (kept, _args, context, info) => loadVersion(context, info, kept),
    }),
    isNew: t.exposeBoolean('isNew', {
      description: 'False when a version with the same content was there: that is this one.',
    }),
    warnings: t.field({
      type: [DefinitionProblemType],
      description: 'What may go wrong when it is run, such as task types that no worker has registered yet.',
      resolve: ({ problems }) => [...problems],
    }),
  }),
})

/** The result of mutations that make a version of a workflow, wherever its definition comes from. */
export const CreateWorkflowResult = builder.errorUnion('CreateWorkflowResult', {
  description: 'What came of making a workflow.',
  types: [CreateWorkflowSuccess, InvalidInput, InvalidWorkflow],
  resolveType: () => 'CreateWorkflowSuccess',
})
