import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Bells } from '../../infra/channel/bells.ts'
import { readHolders } from '../../pool/store.ts'
import { readStatuses, readWaitingTasks } from '../../task/store/read-waiting.ts'
import type { Reason } from './blockers.ts'
import { readBlockers } from './load-blockers.ts'
import type { Look, ReasonWatch } from './look.ts'

/** After which of them the reasons of tasks may be others. */
export const REASON_TOPICS = ['events', 'claimable', 'limits', 'held'] as const

/** Reasons are read no more often than this, in milliseconds … */
const LEAST_MS = 1_000
/** … and this often when no bell rings: lost bells and workers that fall silent. */
const MOST_MS = 5_000
/** Tasks that are read at once. */
const CHUNK = 500

/** Who wants to hear of each look at a task. */
type Readers = Set<(look: Look) => void>

/**
 * Looks at all watched tasks together, at most once a second after a bell: about six statements for each 500 tasks, however many
 * subscribers each has. Nothing is read while nobody watches.
 */
export function createReasonWatch({
  db,
  bells,
  onError,
}: {
  readonly db: Pool
  readonly bells: Bells<(typeof REASON_TOPICS)[number]>
  readonly onError: (error: unknown) => void
}): ReasonWatch {
  const tenants = new Map<string, Map<string, Readers>>()
  const asked = new Map<string, Map<string, PromiseWithResolvers<Look>>>()
  let over: AbortController | undefined
  // Somebody came after the last look: a bell before that was not for it.
  let hasNew = false
  let nudge: () => void = () => undefined

  async function watchAll(signal: AbortSignal): Promise<void> {
    const ear = bells.listen(() => true)
    try {
      while (!signal.aborted) {
        if (!hasNew) {
          const waiting = new AbortController()
          nudge = () => waiting.abort()
          await ear.rung(MOST_MS, AbortSignal.any([signal, waiting.signal]))
        }
        if (signal.aborted) return
        hasNew = false
        const begun = performance.now()
        for (const [tenant, tasks] of tenants) await lookAt(tenant, tasks).catch(onError)
        await delay(begun + LEAST_MS - performance.now(), undefined, { signal }).catch(() => undefined)
      }
    } finally {
      ear.leave()
    }
  }

  async function lookAt(tenant: string, tasks: ReadonlyMap<string, Readers>): Promise<void> {
    const ids = [...tasks.keys()]
    for (let from = 0; from < ids.length; from += CHUNK) {
      const at = performance.now()
      const texts = await readTexts(db, tenant, ids.slice(from, from + CHUNK))
      for (const [id, text] of texts) {
        for (const tell of tasks.get(id) ?? []) tell({ text, at })
      }
    }
  }

  function join(tenant: string, taskId: string, tell: (look: Look) => void): () => void {
    const tasks = tenants.get(tenant) ?? new Map<string, Readers>()
    tenants.set(tenant, tasks)
    const readers: Readers = tasks.get(taskId) ?? new Set()
    tasks.set(taskId, readers)
    readers.add(tell)
    hasNew = true
    nudge()
    if (over === undefined) {
      over = new AbortController()
      void watchAll(over.signal)
    }
    return () => {
      readers.delete(tell)
      if (readers.size === 0 && tasks.get(taskId) === readers) tasks.delete(taskId)
      if (tasks.size === 0 && tenants.get(tenant) === tasks) tenants.delete(tenant)
      if (tenants.size > 0) return
      over?.abort()
      over = undefined
    }
  }

  async function answerAll(): Promise<void> {
    const all = [...asked]
    asked.clear()
    for (const [tenant, tasks] of all) {
      const at = performance.now()
      const ids = [...tasks.keys()]
      for (let from = 0; from < ids.length; from += CHUNK) {
        const some = ids.slice(from, from + CHUNK)
        try {
          const texts = await readTexts(db, tenant, some)
          for (const id of some) tasks.get(id)!.resolve({ text: texts.get(id) ?? '', at })
        } catch (error) {
          for (const id of some) tasks.get(id)!.reject(error)
        }
      }
    }
  }

  return {
    look(tenant, taskId) {
      if (asked.size === 0) setImmediate(() => void answerAll())
      const tasks = asked.get(tenant) ?? new Map<string, PromiseWithResolvers<Look>>()
      asked.set(tenant, tasks)
      const answer = tasks.get(taskId) ?? Promise.withResolvers<Look>()
      tasks.set(taskId, answer)
      return answer.promise
    },
    async *looks(tenant, taskId, last, signal) {
      let newest: Look | undefined
      let wake: () => void = () => undefined
      const leave = join(tenant, taskId, (look) => {
        const { text, at } = last()
        if (look.at <= at || look.text === text) return
        newest = look
        wake()
      })
      const end = (): void => wake()
      signal.addEventListener('abort', end)
      try {
        while (!signal.aborted) {
          if (newest === undefined) {
            const awake = Promise.withResolvers<void>()
            wake = awake.resolve
            await awake.promise
            continue
          }
          const look = newest
          newest = undefined
          yield look
        }
      } finally {
        signal.removeEventListener('abort', end)
        leave()
      }
    },
  }
}

/** What each task waits for, with where that stands and who has what it waits for. Tasks that are gone are missing. */
async function readTexts(db: Pool, tenant: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const tasks = await readWaitingTasks(db, tenant, ids)
  const reasons = await readBlockers({ db, tenant }, tasks)
  const limits = [...new Set(reasons.flat().flatMap(limitOf))]
  const holders = limits.length === 0 ? new Map<string, string[]>() : await readHolders(db, tenant, limits, 10)
  const others = [...new Set([...reasons.flat().flatMap(dependencyOf), ...[...holders.values()].flat()])]
  const statuses = await readStatuses(db, tenant, others)
  const standing = (id: string) => `${id} ${statuses.get(id)}`
  return new Map(
    tasks.map(({ id, wakeAt }, place) => {
      const found = reasons[place]!.map((reason) => [
        reason,
        dependencyOf(reason).map(standing),
        limitOf(reason).flatMap((limit) => (holders.get(limit) ?? []).map(standing)),
      ])
      return [id, JSON.stringify([wakeAt, found])]
    }),
  )
}

function dependencyOf(reason: Reason): string[] {
  return reason.kind === 'dependency' ? [reason.dependsOnId] : []
}

function limitOf(reason: Reason): string[] {
  if (reason.kind === 'pool') return [`pool:${reason.pool}`]
  return reason.kind === 'concurrency' ? [`key:${reason.key}`] : []
}
