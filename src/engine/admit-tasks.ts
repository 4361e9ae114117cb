import type { ClientBase } from 'pg'
import { type Admission, admit } from '../pool/admit.ts'
import { deleteSlots, insertSlots, lockLimits, readLimits, readSlots } from '../pool/store.ts'
import { lockAdmissible, writeAdmission } from '../task/store/admission.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact } from './transact.ts'

/** Most tasks of one limit that one transaction looks at. */
const MOST_OF_ONE = 100
/** How often the limits of the tasks that were met may widen what is locked. */
const MOST_WIDENINGS = 8

/**
 * Gives the free slots of some limits to those who come first: afterwards they may be claimed. Who was admitted and not yet
 * claimed gives way to those who have come before it since.
 *
 * Any number of processes may do so at once; a limit is decided on by one of them. What it misses, because others hold it,
 * the next call finds.
 *
 * @returns how many tasks were admitted that were not before
 */
export async function admitTasks(engine: Engine, tenant: string, keys: readonly string[]): Promise<number> {
  let wanted = [...new Set(keys)]
  for (let round = 0; round <= MOST_WIDENINGS; round++) {
    const outcome = await transact(engine, (client) => admitRound(client, tenant, wanted), [READ_IN_ORDER])
    if (typeof outcome === 'number') {
      if (outcome > 0) engine.channel.publish('claimable')
      return outcome
    }
    wanted = [...wanted, ...outcome.unknown]
  }
  return 0
}

async function admitRound(
  client: ClientBase,
  tenant: string,
  keys: readonly string[],
): Promise<number | Pick<Admission, 'unknown'>> {
  await lockLimits(client, tenant, keys)
  const [capacities, slots] = await Promise.all([readLimits(client, tenant, keys), readSlots(client, tenant, keys)])
  const owners = [...new Set(slots.map(({ taskId }) => taskId))]
  const candidates = await lockAdmissible(client, tenant, keys, MOST_OF_ONE, owners)
  const unclaimed = new Set(candidates.flatMap(({ id, blockedOn }) => (blockedOn === null ? [id] : [])))
  const rooms = new Map(
    keys.map((key) => {
      const taken = slots.filter((slot) => slot.key === key && !unclaimed.has(slot.taskId))
      return [key, { capacity: capacities.get(key)!, taken: new Set(taken.map(({ slotNo }) => slotNo)) }] as const
    }),
  )
  const admission = admit(candidates, rooms)
  if (admission.unknown.length > 0) return admission
  // Slots of the unclaimed are dealt anew: who keeps its place may get others.
  await deleteSlots(client, tenant, [...unclaimed])
  await insertSlots(client, tenant, admission.grants)
  const before = new Map(candidates.map(({ id, blockedOn }) => [id, blockedOn]))
  const after = [...admission.admitted.map((id) => ({ id, blockedOn: null })), ...admission.blocked]
  await writeAdmission(
    client,
    tenant,
    after.filter(({ id, blockedOn }) => before.get(id) !== blockedOn),
  )
  return admission.admitted.filter((id) => !unclaimed.has(id)).length
}
