import DataLoader from 'dataloader'
import { openAccount } from '../../rate/account.ts'
import { readLedger, readRates } from '../../rate/store.ts'
import { nextTokenAtMs, type Rate } from '../../rate/token-bucket.ts'
import { isRateKey } from '../../task/limits.ts'
import type { GraphContext } from '../context.ts'

/** A rate that somebody waits at. */
export interface RateOutlook extends Rate {
  /** When a token could be there; null when none comes before one that others were given is used. */
  readonly nextTokenAt: Date | null
}

type RateContext = Pick<GraphContext, 'db' | 'tenant'>

const loaderOfContext = new WeakMap<RateContext, DataLoader<string, RateOutlook | null>>()

/**
 * The rate that a task is blocked on: three statements for all tasks that are asked about at once.
 *
 * @returns null when it waits for something else, or no rate is set any more
 */
export async function loadRate(context: RateContext, blockedOn: string | null): Promise<RateOutlook | null> {
  if (blockedOn === null || !isRateKey(blockedOn)) return null
  let loader = loaderOfContext.get(context)
  if (loader === undefined) {
    loader = new DataLoader((keys) => readOutlooks(context, keys), { cache: false })
    loaderOfContext.set(context, loader)
  }
  return loader.load(blockedOn)
}

async function readOutlooks(
  { db, tenant }: RateContext,
  keys: readonly string[],
): Promise<readonly (RateOutlook | null)[]> {
  const [rates, ledger] = await Promise.all([readRates(db, tenant, keys), readLedger(db, tenant, keys)])
  return keys.map((key) => {
    const rate = rates.get(key)
    if (rate === undefined) return null
    const { bucket, setAside } = openAccount(key, rate, ledger)
    const atMs = nextTokenAtMs(bucket, rate, setAside.length)
    return { ...rate, nextTokenAt: atMs === null ? null : new Date(atMs) }
  })
}

/** When time moves a task next: the clock, or the token that it waits for. */
export async function nextTransitionOf(
  context: RateContext,
  { wakeAt, blockedOn }: { readonly wakeAt: Date | null; readonly blockedOn: string | null },
): Promise<Date | null> {
  const tokenAt = (await loadRate(context, blockedOn))?.nextTokenAt ?? null
  if (wakeAt === null || tokenAt === null) return wakeAt ?? tokenAt
  return tokenAt < wakeAt ? tokenAt : wakeAt
}
