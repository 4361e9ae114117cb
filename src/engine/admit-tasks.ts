import type { ClientBase } from 'pg'
import { type Admission, admit, type Candidate, type Room } from '../pool/admit.ts'
import { deleteSlots, insertSlots, lockLimits, readLimits, readSlots } from '../pool/store.ts'
import { type Account, closeAccount, openAccount, tokensToDeal } from '../rate/account.ts'
import { deleteBuckets, deleteGrants, insertGrants, readLedger, readRates, writeBuckets } from '../rate/store.ts'
import { isRateKey, limitsInForce } from '../task/limits.ts'
import { lockAdmissible, writeAdmission } from '../task/store/admission.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact } from './transact.ts'

/** Most tasks of one limit that one transaction looks at. */
const MOST_OF_ONE = 100
/** How often the limits of the tasks that were met may widen what is locked. */
const MOST_WIDENINGS = 8

/** When a limit is worth another look, though nobody will ring for it. */
export interface Look {
  readonly key: string
  /** Milliseconds; 0 when more may be let through at once. */
  readonly inMs: number
}

export interface Admitted {
  /** Tasks that were admitted and had not been before. */
  readonly count: number
  readonly looks: readonly Look[]
}

/**
 * Gives the free slots and tokens of some limits to those who come first: afterwards they may be claimed. Who was admitted
 * and not yet claimed gives way to those who have come before it since.
 *
 * Any number of processes may do so at once; a limit is decided on by one of them. What it misses, because others hold it,
 * the next call finds.
 */
export async function admitTasks(engine: Engine, tenant: string, keys: readonly string[]): Promise<Admitted> {
  let wanted = [...new Set(keys)]
  for (let round = 0; round <= MOST_WIDENINGS; round++) {
    const outcome = await transact(engine, (client) => admitRound(client, tenant, wanted), [READ_IN_ORDER])
    if ('count' in outcome) {
      if (outcome.count > 0) engine.channel.publish('claimable')
      return outcome
    }
    wanted = [...wanted, ...outcome.unknown]
  }
  return { count: 0, looks: [] }
}

interface Contender extends Candidate {
  readonly epoch: number
}

async function admitRound(
  client: ClientBase,
  tenant: string,
  keys: readonly string[],
): Promise<Admitted | Pick<Admission, 'unknown'>> {
  await lockLimits(client, tenant, keys)
  const slotKeys = keys.filter((key) => !isRateKey(key))
  const [capacities, slots, accounts] = await Promise.all([
    readLimits(client, tenant, slotKeys),
    readSlots(client, tenant, slotKeys),
    openAccounts(client, tenant, keys.filter(isRateKey)),
  ])
  const most = new Map(keys.map((key) => [key, mostOf(accounts.get(key))]))
  const owners = [...slots, ...[...accounts.values()].flatMap(mayGiveWay)].map(({ taskId }) => taskId)
  const contenders = (await lockAdmissible(client, tenant, most, [...new Set(owners)])).map(
    (task): Contender => ({ ...task, limits: limitsInForce(task) }),
  )
  const unclaimed = new Map(contenders.flatMap(({ id, epoch, blockedOn }) => (blockedOn === null ? [[id, epoch]] : [])))
  const isDealtAnew = ({ taskId, epoch }: { taskId: string; epoch: number }) => unclaimed.get(taskId) === epoch
  const rooms = new Map(
    keys.map((key): [string, Room] => {
      const account = accounts.get(key)
      if (account !== undefined)
        return [key, { tokens: tokensToDeal(account, account.setAside.filter((grant) => !isDealtAnew(grant)).length) }]
      const taken = slots.filter((slot) => slot.key === key && !unclaimed.has(slot.taskId))
      return [key, { capacity: capacities.get(key)!, taken: new Set(taken.map(({ slotNo }) => slotNo)) }]
    }),
  )
  const admission = admit(contenders, rooms)
  if (admission.unknown.length > 0) return admission
  // Slots of the unclaimed are dealt anew: who keeps its place may get others.
  await deleteSlots(client, tenant, [...unclaimed.keys()])
  const before = new Map(contenders.map(({ id, blockedOn }) => [id, blockedOn]))
  const after = [...admission.admitted.map((id) => ({ id, blockedOn: null })), ...admission.blocked]
  const [rateLooks] = await Promise.all([
    dealTokens(client, tenant, [...accounts.values()], { contenders, admission, isDealtAnew }),
    insertSlots(client, tenant, admission.grants),
    writeAdmission(
      client,
      tenant,
      after.filter(({ id, blockedOn }) => before.get(id) !== blockedOn),
    ),
  ])
  return {
    count: admission.admitted.filter((id) => !unclaimed.has(id)).length,
    looks: [...rateLooks, ...unfinished(most, contenders, admission)],
  }
}

async function openAccounts(
  client: ClientBase,
  tenant: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Account>> {
  const [rates, ledger] = await Promise.all([readRates(client, tenant, keys), readLedger(client, tenant, keys)])
  return new Map(keys.map((key) => [key, openAccount(key, rates.get(key) ?? null, ledger)]))
}

/** Those with tokens that come last in the order; more are not looked at, and keep theirs. */
function mayGiveWay({ setAside }: Account) {
  return setAside.slice(-MOST_OF_ONE)
}

/** Most tasks that wait at a limit and are looked at; one more than a rate has tokens for tells that some wait on. */
function mostOf(account: Account | undefined): number {
  if (account === undefined) return MOST_OF_ONE
  return Math.min(tokensToDeal(account, account.setAside.length - mayGiveWay(account).length) + 1, MOST_OF_ONE)
}

/** Limits at which as many were looked at as may be, and none was held up. */
function unfinished(
  most: ReadonlyMap<string, number>,
  contenders: readonly Contender[],
  { blocked }: Pick<Admission, 'blocked'>,
): Look[] {
  const isFull = new Set(blocked.map(({ blockedOn }) => blockedOn))
  return [...most].flatMap(([key, count]) => {
    const seen = contenders.filter(({ blockedOn }) => blockedOn === key).length
    return seen >= count && !isFull.has(key) ? [{ key, inMs: 0 }] : []
  })
}

/** Writes who has which tokens from now on. */
async function dealTokens(
  client: ClientBase,
  tenant: string,
  accounts: readonly Account[],
  { contenders, admission, isDealtAnew }: DealtBy,
): Promise<Look[]> {
  if (accounts.length === 0) return []
  const admitted = new Set(admission.admitted)
  const dealt = accounts.map((account) => {
    const { key, rate, setAside, settled } = account
    const winners = rate === null ? [] : contenders.filter(({ id, limits }) => admitted.has(id) && has(limits, key))
    const held = setAside.filter((grant) => !isDealtAnew(grant))
    const [kept, lost] = partition(setAside.filter(isDealtAnew), ({ taskId }) => admitted.has(taskId))
    const keepers = new Set(kept.map(({ taskId }) => taskId))
    const given = winners.filter(({ id }) => !keepers.has(id)).map(({ id, epoch }) => ({ key, taskId: id, epoch }))
    const isWaitedFor = admission.blocked.some(({ blockedOn }) => blockedOn === key)
    const closed = closeAccount(account, { held, kept, given: given.length, isWaitedFor })
    return { key, gone: [...settled, ...lost.map(({ id }) => id)], given, ...closed }
  })
  const nowMs = accounts[0]!.bucket.asOfMs
  await Promise.all([
    deleteGrants(
      client,
      dealt.flatMap(({ gone }) => gone),
    ),
    insertGrants(
      client,
      tenant,
      dealt.flatMap(({ given }) => given),
      nowMs,
    ),
    writeBuckets(
      client,
      tenant,
      dealt.flatMap(({ key, bucket }) => (bucket === null ? [] : [{ key, ...bucket }])),
    ),
    deleteBuckets(
      client,
      tenant,
      dealt.flatMap(({ key, bucket }) => (bucket === null ? [key] : [])),
    ),
  ])
  return dealt.flatMap(({ key, lookInMs }) => (lookInMs === null ? [] : [{ key, inMs: lookInMs }]))
}

interface DealtBy {
  readonly contenders: readonly Contender[]
  readonly admission: Admission
  /** Whether the token of a grant was dealt anew. */
  readonly isDealtAnew: (grant: { readonly taskId: string; readonly epoch: number }) => boolean
}

function has(limits: Candidate['limits'], key: string): boolean {
  return limits.some((limit) => limit.key === key)
}

function partition<Item>(list: readonly Item[], is: (item: Item) => boolean): [Item[], Item[]] {
  return [list.filter(is), list.filter((item) => !is(item))]
}
