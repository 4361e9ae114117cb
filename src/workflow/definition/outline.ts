import type { Step, StepType, WorkflowDefinition } from './definition.ts'
import { edgesOf } from './validate/edges.ts'
import { layOut } from './validate/layout.ts'

/** A step of a definition, for those who show what it does before it has run. */
export interface OutlinedStep {
  readonly id: string
  readonly name: string | null
  readonly type: StepType
  /** Id of the step that holds it; null: none. */
  readonly inside: string | null
  /** Ids of the steps beside it that it comes after, a CONDITION that chooses it among them. */
  readonly after: readonly string[]
  /** Task type, workflow or handler that it names; null: it needs none. */
  readonly uses: string | null
}

/** All steps of a definition that was found valid, in the order of the document. */
export function outlineOf(definition: WorkflowDefinition): readonly OutlinedStep[] {
  const { root, all } = layOut(definition)
  const scopes = [root, ...all.flatMap(({ inner }) => inner ?? [])]
  const edges = new Map(scopes.flatMap((scope) => [...edgesOf(scope)]))
  return all.map((placed) => {
    const { step, scope } = placed
    return {
      id: step.id,
      name: step.name ?? null,
      type: step.type,
      inside: scope.holder?.step.id ?? null,
      after: edges.get(placed)!.map(({ from }) => from.step.id),
      uses: usedBy(step),
    }
  })
}

function usedBy(step: Step): string | null {
  switch (step.type) {
    case 'TASK':
      return step.task
    case 'SUBWORKFLOW':
      return step.workflow
    case 'CUSTOM':
      return step.handler
    default:
      return null
  }
}
