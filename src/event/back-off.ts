import { setTimeout as delay } from 'node:timers/promises'

const FIRST_MS = 50
const LONGEST_MS = 5000

/**
 * How long to wait after the given number of failures in a row: 50 ms doubling up to 5 s, of which a random half is taken off
 * so that many readers do not come back in step.
 *
 * @param failures from 1
 * @param random in [0, 1)
 */
export function backOffMs(failures: number, random: number): number {
  return Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS) * (1 - random / 2)
}

/** Waits, but not past the abort; never rejects and does not keep the process alive. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
}
