import type { Limit } from '../task/limits.ts'

/** A task that waits for slots or tokens, or has been given some and is not claimed yet. */
export interface Candidate {
  /** uuid */
  readonly id: string
  readonly limits: readonly Limit[]
  /** The limit it waits at; null when it has what it takes. */
  readonly blockedOn: string | null
}

/** One limit as it stands. */
export type Room = Slots | Tokens

export interface Slots {
  readonly capacity: number
  /** Numbers of slots that running tasks own. */
  readonly taken: ReadonlySet<number>
}

/** What a rate has to give. */
export interface Tokens {
  readonly tokens: number
}

/** A slot that a task is given. Who gets tokens follows from who is admitted. */
export interface Grant {
  readonly taskId: string
  readonly key: string
  readonly slotNo: number
}

export interface Admission {
  /** Tasks that may be claimed from now on, and their slots. */
  readonly admitted: readonly string[]
  readonly grants: readonly Grant[]
  /** Tasks that have to wait, and at which limit. */
  readonly blocked: readonly { readonly id: string; readonly blockedOn: string }[]
  /** Limits of candidates that are not among the rooms: decide again with those. */
  readonly unknown: readonly string[]
}

/**
 * Who gets the slots that running tasks leave, and the tokens that rates have: the candidates in their order, each with all it takes or nothing. Who does not fit
 * closes the limits it found full for those behind it, so that small tasks do not pass a large one for ever; one that is
 * larger than a limit's whole capacity closes nothing.
 *
 * @param candidates in the order of the strategy: those that wait and those admitted before, who may have to give way
 */
export function admit(candidates: readonly Candidate[], rooms: ReadonlyMap<string, Room>): Admission {
  const unknown = new Set(
    candidates.flatMap(({ limits }) => limits.map(({ key }) => key).filter((key) => !rooms.has(key))),
  )
  if (unknown.size > 0) return { admitted: [], grants: [], blocked: [], unknown: [...unknown] }
  const free = new Map([...rooms].flatMap(([key, room]) => ('tokens' in room ? [] : [[key, freeSlots(room)] as const])))
  const tokens = new Map([...rooms].flatMap(([key, room]) => ('tokens' in room ? [[key, room.tokens] as const] : [])))
  const left = (key: string) => tokens.get(key) ?? free.get(key)!.length
  const closed = new Set<string>()
  const admitted: string[] = []
  const grants: Grant[] = []
  const blocked: { id: string; blockedOn: string }[] = []
  for (const { id, limits } of candidates) {
    const full = limits.filter(({ key, slots }) => closed.has(key) || left(key) < slots)
    if (full.length === 0) {
      admitted.push(id)
      for (const { key, slots } of limits) {
        if (tokens.has(key)) tokens.set(key, tokens.get(key)! - slots)
        else for (const slotNo of free.get(key)!.splice(0, slots)) grants.push({ taskId: id, key, slotNo })
      }
      continue
    }
    blocked.push({ id, blockedOn: full[0]!.key })
    const isHopeless = limits.some(({ key, slots }) => {
      const room = rooms.get(key)!
      return !('tokens' in room) && slots > room.capacity
    })
    if (!isHopeless) for (const { key } of full) closed.add(key)
  }
  return { admitted, grants, blocked, unknown: [] }
}

/** Slots that may be given, lowest first. After a cut of the capacity slots beyond it may still be taken; they count. */
function freeSlots({ capacity, taken }: Slots): number[] {
  const numbers: number[] = []
  for (let slot = 1; slot <= capacity && numbers.length < capacity - taken.size; slot++)
    if (!taken.has(slot)) numbers.push(slot)
  return numbers
}
