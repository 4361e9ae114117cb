import { setTimeout as delay } from 'node:timers/promises'

/** Resolves as soon as the condition holds; asks again every few milliseconds. The test's time-out is the limit. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await delay(5)
}

/** A promise that a test settles by hand. */
export interface Signal {
  readonly promise: Promise<void>
  give(): void
}

export function signal(): Signal {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, give: resolve }
}
