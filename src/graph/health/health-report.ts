/** One thing the server needs, and how it is. */
export interface HealthCheck {
  /** `database`, `channel`, … */
  readonly name: string
  readonly isHealthy: boolean
  /** What is wrong; null while nothing is. */
  readonly message: string | null
  /** How long the answer took. */
  readonly latencyMs: number
}

export interface HealthReport {
  readonly version: string
  readonly startedAt: Date
  readonly checks: readonly HealthCheck[]
}

/** Looks at what the server needs; never throws. */
export type HealthReader = () => Promise<HealthReport>

/** One look at something: rejects when it is not well. */
export interface HealthProbe {
  readonly name: string
  readonly look: () => Promise<unknown>
}

const PROBE_TIMEOUT_MS = 2_000

/**
 * Makes a reader of health that looks at everything at once, for at most two seconds.
 *
 * @param probes what is looked at, in the order of the report
 */
export function createHealthReader(
  server: { version: string; startedAt: Date },
  probes: readonly HealthProbe[],
): HealthReader {
  return async () => ({ ...server, checks: await Promise.all(probes.map(lookAt)) })
}

async function lookAt({ name, look }: HealthProbe): Promise<HealthCheck> {
  const start = performance.now()
  const message = await messageOf(look)
  return { name, isHealthy: message === null, message, latencyMs: performance.now() - start }
}

async function messageOf(look: () => Promise<unknown>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, PROBE_TIMEOUT_MS, `no answer within ${PROBE_TIMEOUT_MS} ms`)
  })
  try {
    return await Promise.race([look().then(() => null), tooLate])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
  }
}
