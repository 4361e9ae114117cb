import DataLoader from 'dataloader'
import type { WorkflowDefinition } from '../../workflow/definition/definition.ts'
import { type DefinitionDiff, diffDefinitions } from '../../workflow/definition/diff.ts'
import { readDefinitions, type VersionKey, versionKey } from '../../workflow/store/workflows.ts'
import type { GraphContext } from '../context.ts'

const loaderOfContext = new WeakMap<GraphContext, DataLoader<VersionKey, WorkflowDefinition | null, string>>()

/** The definition of a version, in one statement for all that are asked for at once; null when there is none. */
function loadDefinition(context: GraphContext, version: VersionKey): Promise<WorkflowDefinition | null> {
  let loader = loaderOfContext.get(context)
  if (loader === undefined) {
    loader = new DataLoader(
      async (versions) => {
        const wanted = new Map(versions.map((one) => [versionKey(one), one]))
        const found = await readDefinitions(context.db, context.tenant, [...wanted.values()])
        return versions.map((one) => found.get(versionKey(one)) ?? null)
      },
      { cache: false, cacheKeyFn: versionKey },
    )
    loaderOfContext.set(context, loader)
  }
  return loader.load(version)
}

/** What differs between two versions of a workflow; null when there is not each of them. */
export async function loadDiff(
  context: GraphContext,
  { workflowId, from, to }: { readonly workflowId: string; readonly from: number; readonly to: number },
): Promise<DefinitionDiff | null> {
  const [before, after] = await Promise.all([from, to].map((number) => loadDefinition(context, { workflowId, number })))
  return before && after ? diffDefinitions(before, after) : null
}
