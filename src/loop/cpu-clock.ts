/** A reading this old is as good as a new one, in milliseconds: asking the system takes longer than a short handler. */
const FRESH_MS = 1

/** @returns tells the CPU time that this process has used so far, in milliseconds, up to one too few */
export function createCpuClock(): () => number {
  let readAt = Number.NEGATIVE_INFINITY
  let usedMs = 0
  return () => {
    const now = performance.now()
    if (now - readAt < FRESH_MS) return usedMs
    readAt = now
    const { user, system } = process.cpuUsage()
    usedMs = (user + system) / 1_000
    return usedMs
  }
}
