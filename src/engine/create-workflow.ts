import { canonicalJson } from '../task/json-text.ts'
import { accepted, type Result } from '../task/refusal.ts'
import { newUuid } from '../task/type-id.ts'
import { canonicalDefinition, contentHash } from '../workflow/definition/canonical.ts'
import type { WorkflowDefinition } from '../workflow/definition/definition.ts'
import { insertVersion, type RunnableVersion } from '../workflow/store/workflows.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

export interface CreateWorkflow {
  /** One that was found valid. */
  readonly definition: WorkflowDefinition
  /** A DRAFT cannot be run. Default: false. */
  readonly isDraft?: boolean
}

/**
 * Keeps a definition as the next version of the workflow with its name; runs under way go on with theirs. The same content as a version
 * that is there is that version.
 */
export async function createWorkflow(
  engine: Engine,
  { tenant, name: createdBy }: Actor,
  { definition, isDraft = false }: CreateWorkflow,
): Promise<Result<RunnableVersion & { readonly isNew: boolean }>> {
  const version = await transact(engine, (client) =>
    insertVersion(client, {
      tenant,
      workflowId: newUuid(),
      definition,
      text: canonicalJson(canonicalDefinition(definition)),
      hash: Buffer.from(contentHash(definition), 'hex'),
      status: isDraft ? 'DRAFT' : 'READY',
      createdBy,
    }),
  )
  return accepted(version)
}
