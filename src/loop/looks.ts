/** Most limits whose next look is remembered; those beyond are left to the sweep. */
const MOST_LOOKS = 10_000

/** When which limits are worth another look. */
export interface Looks {
  /** Remembers a look; the latest word on a limit counts. */
  set(tenant: string, key: string, atMs: number): void
  /** Takes those whose time has come. */
  takeDue(nowMs: number): readonly { readonly tenant: string; readonly key: string }[]
  /** The earliest; null when there is none. */
  nextAtMs(): number | null
}

export function createLooks(most = MOST_LOOKS): Looks {
  const looks = new Map<string, { tenant: string; key: string; atMs: number }>()
  return {
    set(tenant, key, atMs) {
      const name = `${tenant}\u0000${key}`
      if (looks.size < most || looks.has(name)) looks.set(name, { tenant, key, atMs })
    },
    takeDue(nowMs) {
      const due = [...looks].filter(([, { atMs }]) => atMs <= nowMs)
      for (const [name] of due) looks.delete(name)
      return due.map(([, look]) => look)
    },
    nextAtMs() {
      let next: number | null = null
      for (const { atMs } of looks.values()) if (next === null || atMs < next) next = atMs
      return next
    },
  }
}
