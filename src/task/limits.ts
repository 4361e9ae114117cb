/** What a task takes of one limit: slots while it runs, or a token of a rate for its start. */
export interface Limit {
  /** `pool:` and the pool's name, `key:` and the concurrency key, `rate:` and the rate key, or `type:` and the task type. */
  readonly key: string
  /** At least 1; of a rate 1. */
  readonly slots: number
}

interface Asked {
  readonly concurrencyKey?: string
  readonly rateKey?: string
  readonly pools?: Readonly<Record<string, number>>
}

/** What a new task takes by itself, by key; null for nothing. */
export function limitsOf(asked: Asked, defaults: Pick<Asked, 'pools'>): readonly Limit[] | null {
  const pools = Object.entries(asked.pools ?? defaults.pools ?? {}).filter(([, slots]) => slots > 0)
  const limits = [
    ...(asked.concurrencyKey === undefined ? [] : [{ key: `key:${asked.concurrencyKey}`, slots: 1 }]),
    ...(asked.rateKey === undefined ? [] : [{ key: `rate:${asked.rateKey}`, slots: 1 }]),
    ...pools.map(([name, slots]) => ({ key: `pool:${name}`, slots })),
  ]
  return limits.length === 0 ? null : limits.sort((a, b) => (a.key < b.key ? -1 : 1))
}

interface Limited {
  readonly type: string
  readonly limits: readonly Limit[] | null
  /** Whether a rate is set for its type. */
  readonly isRated: boolean
}

/** All that a task needs before it may be claimed: what it takes by itself, and a token of its type where that has a rate. */
export function limitsInForce({ type, limits, isRated }: Limited): readonly Limit[] {
  const own = limits ?? []
  return isRated ? [...own, { key: `type:${type}`, slots: 1 }] : own
}

/** Whether a limit is on starts, not on what runs at once: its token is gone when the task ends. */
export function isRateKey(key: string): boolean {
  return key.startsWith('rate:') || key.startsWith('type:')
}
