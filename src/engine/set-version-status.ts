import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { lockVersion, writeVersionStatus } from '../workflow/store/workflows.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

export interface SetVersionStatus {
  /** uuid */
  readonly workflowId: string
  readonly version: number
  readonly status: 'READY' | 'RETIRED'
}

/**
 * Says what may be done with a version: to be run, or retired. It was a DRAFT at most before its first run, so none becomes one again.
 * Runs under way go on whatever it says.
 */
export async function setVersionStatus(
  engine: Engine,
  { tenant }: Actor,
  { workflowId, version: number, status }: SetVersionStatus,
): Promise<Result<{ readonly workflowId: string; readonly number: number }>> {
  const refusal = await transact(engine, async (client): Promise<Refusal | null> => {
    const now = await lockVersion(client, tenant, { workflowId, number })
    if (now === null) return { code: 'NOT_FOUND', what: 'workflow', id: workflowId, path: ['id'] }
    if (now === undefined) {
      const message = `is ${number}, and the workflow has no version with that number`
      return { code: 'VALIDATION', issues: [{ path: ['version'], message }] }
    }
    if (now !== status) await writeVersionStatus(client, tenant, { workflowId, number, status })
    return null
  })
  return refusal === null ? accepted({ workflowId, number }) : refusedWith(refusal)
}
