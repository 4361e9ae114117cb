import { startMember } from './member.ts'
import { percentile } from './percentile.ts'
import type { Run, SystemName } from './system.ts'
import type { World } from './world.ts'

/** What waits while claims are timed. `unserved` and `held`: so many stand in front of a thousand that can be claimed. */
export type Waiting = { readonly served: number } | { readonly unserved: number } | { readonly held: number }

export interface BacklogResult {
  readonly system: SystemName
  readonly waiting: Waiting
  /** Of one claim of ten, in milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** Tasks of one claim. */
const LIMIT = 10
const WARM_UP = 100
/** Served tasks behind those that cannot run. */
const BEHIND = 1_000

/** Claims of ten from a backlog that never falls below each size, smallest first. */
export async function measureBacklog(
  world: World,
  system: SystemName,
  { sizes, claims }: { sizes: readonly number[]; claims: number },
): Promise<BacklogResult[]> {
  const taken = (WARM_UP + claims) * LIMIT
  const served = await withBacklog(world, system, async (ask) => {
    const results: BacklogResult[] = []
    let there = 0
    for (const size of sizes) {
      await ask('fill', { count: size + taken - there, kind: 'served' })
      results.push({ system, waiting: { served: size }, ...(await timeClaims(ask, claims)) })
      there = size
    }
    return results
  })
  const largest = sizes.at(-1)!
  const behind: BacklogResult[] = []
  for (const kind of system === 'ours' ? (['unserved', 'held'] as const) : (['unserved'] as const)) {
    const timed = await withBacklog(world, system, async (ask) => {
      await ask('fill', { count: largest, kind })
      await ask('fill', { count: BEHIND + taken, kind: 'served' })
      return timeClaims(ask, claims)
    })
    behind.push({ system, waiting: kind === 'held' ? { held: largest } : { unserved: largest }, ...timed })
  }
  return [...served, ...behind]
}

type Ask = Awaited<ReturnType<typeof startMember>>['ask']

function withBacklog<Value>(world: World, system: SystemName, use: (ask: Ask) => Promise<Value>): Promise<Value> {
  return world.inEmptyPlace(system, async (place) => {
    const run: Run = {
      ...place,
      system,
      setup: 'best',
      hasHistory: false,
      part: 'backlog',
      slots: null,
      handlerMs: 0,
      strategy: null,
    }
    const member = await startMember(run)
    try {
      await member.ask('install')
      await member.ask('openBacklog')
      return await use(member.ask)
    } finally {
      await member.end()
    }
  })
}

async function timeClaims(ask: Ask, claims: number): Promise<{ p50: number; p99: number }> {
  await ask('claim', { times: WARM_UP, limit: LIMIT })
  const took = await ask('claim', { times: claims, limit: LIMIT })
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99) }
}
