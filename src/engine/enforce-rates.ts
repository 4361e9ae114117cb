import type { ClientBase } from 'pg'
import { deleteSlots } from '../pool/store.ts'
import { readRatedTenants, readRates } from '../rate/store.ts'
import {
  type KeyedPlace,
  readKeyed,
  type WithheldTask,
  withholdOfKeys,
  withholdOfTypes,
} from '../task/store/tokenless.ts'
import { type LimitsToSettle, ringLimits } from './apply.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact } from './transact.ts'

/** Tasks taken back by one transaction, so that none is held long. */
const BATCH = 500
/** Tasks with a rate key that one look sees. */
const PAGE = 1_000

/** Before all tasks. */
export const FIRST_PLACE: KeyedPlace = { tenant: '', rateKey: '', id: '00000000-0000-0000-0000-000000000000' }

/**
 * Makes tasks that may be claimed and have no token wait for one: a rate was set after they became READY, or by a
 * transaction that theirs did not see. Any number of schedulers may do so at once.
 *
 * All tasks of rated types are looked at, of those with a rate key as many as one page holds.
 *
 * @param after where the last look ended
 * @returns where the next begins; {@link FIRST_PLACE} when it was the last page
 */
export async function enforceRates(engine: Engine, after: KeyedPlace): Promise<KeyedPlace> {
  const tenants = await readRatedTenants(engine.db)
  for (const { tenant, scopes } of tenants) if (scopes.includes('TYPE')) await enforceTypes(engine, tenant)
  const keyed = new Set(tenants.flatMap(({ tenant, scopes }) => (scopes.includes('KEY') ? [tenant] : [])))
  if (keyed.size === 0) return FIRST_PLACE
  const page = await readKeyed(engine.db, after, PAGE)
  for (const tenant of keyed) {
    const free = page.filter((task) => task.tenant === tenant && !task.hasToken)
    if (free.length > 0) await enforceKeys(engine, tenant, free)
  }
  return page.length < PAGE ? FIRST_PLACE : page.at(-1)!
}

async function enforceTypes(engine: Engine, tenant: string): Promise<void> {
  for (;;) {
    const withheld = await transact(
      engine,
      async (client) => giveBack(client, tenant, await withholdOfTypes(client, tenant, BATCH)),
      [READ_IN_ORDER],
    )
    ring(engine, tenant, withheld)
    if (withheld.length < BATCH) return
  }
}

async function enforceKeys(engine: Engine, tenant: string, tasks: readonly KeyedPlace[]): Promise<void> {
  const keys = [...new Set(tasks.map(({ rateKey }) => `rate:${rateKey}`))]
  const rates = await readRates(engine.db, tenant, keys)
  const ids = tasks.flatMap(({ rateKey, id }) => (rates.has(`rate:${rateKey}`) ? [id] : []))
  if (ids.length === 0) return
  const withheld = await transact(engine, async (client) =>
    giveBack(client, tenant, await withholdOfKeys(client, tenant, ids)),
  )
  ring(engine, tenant, withheld)
}

async function giveBack(client: ClientBase, tenant: string, tasks: readonly WithheldTask[]): Promise<typeof tasks> {
  const owners = tasks.flatMap(({ id, limits }) => (limits === null ? [] : [id]))
  await deleteSlots(client, tenant, owners)
  return tasks
}

function ring({ channel }: Engine, tenant: string, tasks: readonly WithheldTask[]): void {
  const keys = tasks.flatMap(({ blockedOn, limits }) => [blockedOn, ...(limits ?? []).map(({ key }) => key)])
  const concerned: LimitsToSettle = { tenant, keys: [...new Set(keys)] }
  ringLimits(channel, concerned)
}
