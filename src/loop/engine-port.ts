import { appendLog } from '../engine/append-log.ts'
import { claimTasks } from '../engine/claim-tasks.ts'
import { endAttempts } from '../engine/end-attempts.ts'
import type { Actor, Engine } from '../engine/engine.ts'
import { reportProgress } from '../engine/report-progress.ts'
import { returnUnheld } from '../engine/return-unheld.ts'
import { readEndedLeases } from '../worker/store/leases.ts'
import { isAboutValues } from './is-about-values.ts'
import type { WorkPort } from './work-port.ts'

export interface EnginePortOptions {
  readonly engine: Engine
  /** Whose name stands in the events. */
  readonly actor: Actor
  /** uuid of the registered worker */
  readonly workerId: string
  /** Only of this queue; of all that the worker serves when absent. */
  readonly queue?: string
  readonly types: readonly string[]
}

/** Claims for which rivals that held what was asked for are expected again. */
const RIVALS_REMEMBERED = 16

/** The port of a worker in the engine's own process. */
export function createEnginePort({ engine, actor, workerId, queue, types }: EnginePortOptions): WorkPort {
  const { tenant } = actor
  let claimsSinceRivals = Number.POSITIVE_INFINITY
  return {
    async claim(limit) {
      const isAlone = claimsSinceRivals > RIVALS_REMEMBERED
      const claim = await claimTasks(engine, {
        tenant,
        workerId,
        types,
        limit,
        isAlone,
        ...(queue !== undefined && { queue }),
      })
      claimsSinceRivals = claim.hasMore && claim.tasks.length < limit ? 0 : claimsSinceRivals + 1
      return { ...claim, waitedMs: 0 }
    },
    async returnUnheld(held) {
      await returnUnheld(engine, { tenant, name: workerId }, { workerId, held })
    },
    endedLeases: (leases) => readEndedLeases(engine.db, tenant, leases),
    async endAttempts(ends) {
      await endAttempts(engine, actor, ends)
    },
    async reportProgress(reports) {
      const stale = new Set(await reportProgress(engine, actor, reports))
      return reports.filter(({ taskId }) => stale.has(taskId))
    },
    appendLog: (entries) => appendLog(engine, actor, entries),
    isAboutValues,
  }
}
