/** Slots of one limit that a task takes while it runs. */
export interface Limit {
  /** `pool:` and the pool's name, or `key:` and the concurrency key. */
  readonly key: string
  /** At least 1. */
  readonly slots: number
}

interface Asked {
  readonly concurrencyKey?: string
  readonly pools?: Readonly<Record<string, number>>
}

/** What a new task takes while it runs, by key; null for nothing. */
export function limitsOf(asked: Asked, defaults: Pick<Asked, 'pools'>): readonly Limit[] | null {
  const pools = Object.entries(asked.pools ?? defaults.pools ?? {}).filter(([, slots]) => slots > 0)
  const limits = [
    ...(asked.concurrencyKey === undefined ? [] : [{ key: `key:${asked.concurrencyKey}`, slots: 1 }]),
    ...pools.map(([name, slots]) => ({ key: `pool:${name}`, slots })),
  ]
  return limits.length === 0 ? null : limits.sort((a, b) => (a.key < b.key ? -1 : 1))
}
