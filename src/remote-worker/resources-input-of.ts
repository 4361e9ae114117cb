import type { WorkerResourcesInput } from '../sdk/generated/operations.ts'
import type { TaskResources } from '../task/resources.ts'

/** Resources as the graph takes them: those with names of their own as a list. */
export function resourcesInputOf({ custom, ...known }: TaskResources): WorkerResourcesInput {
  return {
    ...known,
    ...(custom !== undefined && { custom: Object.entries(custom).map(([name, amount]) => ({ name, amount })) }),
  }
}
