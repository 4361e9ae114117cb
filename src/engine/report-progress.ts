import { lockTasks } from '../task/store/lock-tasks.ts'
import { transition } from '../task/transition.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import type { Decision } from './decision.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

export interface ProgressReport {
  /** uuid */
  readonly taskId: string
  readonly epoch: number
  /** 0 to 1 */
  readonly fraction: number
  readonly message: string | null
  /** uuid of the worker, when it reports over the graph: the lease must be its own. */
  readonly workerId?: string
}

/**
 * Keeps how far running attempts are; each report is also a sign of life for the heartbeat time-out.
 *
 * @returns the ids of those whose lease is over: their handlers should stop
 */
export async function reportProgress(
  engine: Engine,
  actor: Actor,
  reports: readonly ProgressReport[],
): Promise<string[]> {
  if (reports.length === 0) return []
  const { stale, applied } = await transact(
    engine,
    async (client): Promise<{ stale: string[]; applied: Applied | null }> => {
      // By attempt: what one without a lease says must not replace the word of the one that has it.
      const latest = new Map(reports.map((report) => [`${report.taskId} ${report.epoch}`, report]))
      const { tasks, now } = await lockTasks(client, actor.tenant, [...new Set(reports.map(({ taskId }) => taskId))])
      const stale: string[] = []
      const decisions = [...latest.values()].flatMap(({ taskId, workerId, ...report }): Decision[] => {
        const found = tasks.get(taskId)
        const before = workerId === undefined || found?.workerId === workerId ? found : undefined
        const decided = before && transition(before, { kind: 'progress', ...report }, now, Math.random())
        if (before === undefined || decided === undefined || decided.kind === 'refused') {
          stale.push(taskId)
          return []
        }
        return [{ before, transition: decided }]
      })
      return {
        stale,
        applied: decisions.length === 0 ? null : await applyDecisions(client, actor.name, now, decisions),
      }
    },
  )
  if (applied !== null) ringBells(engine, applied)
  return stale
}
