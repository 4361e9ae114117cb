import { setImmediate as nextTurn } from 'node:timers/promises'
import { defineTaskType, TaskFailure } from '../src/index.ts'

// npm start -- --handlers ./examples/handlers.ts
// In a project of your own the import is: import { defineTaskType, TaskFailure } from 'task-mgmt'

/** The smallest useful handler: a checked input, an output. */
export const greet = defineTaskType<{ name: string }, { greeting: string }>({
  name: 'greet',
  description: 'Greets somebody.',
  input: {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string', minLength: 1 } },
    additionalProperties: false,
  },
  handler: ({ input }) => ({ greeting: `Hello, ${input.name}!` }),
})

interface Page {
  readonly status: number
  readonly title: string | null
  readonly bytes: number
}

/** The outside world: what may pass is tried again, what will not is given up at once. */
export const fetchPage = defineTaskType<{ url: string }, Page>({
  name: 'fetch_page',
  description: 'Fetches a web page and reports its title and size.',
  input: {
    type: 'object',
    required: ['url'],
    properties: { url: { type: 'string', format: 'uri', pattern: '^https?://' } },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    required: ['status', 'title', 'bytes'],
    properties: { status: { type: 'integer' }, title: { type: ['string', 'null'] }, bytes: { type: 'integer' } },
  },
  defaults: { retry: { maxAttempts: 4, initialMs: 500 }, timeouts: { attemptMs: 30_000 } },
  async handler({ input, attempt }, { signal, log }) {
    const response = await fetch(input.url, { signal })
    log('info', `answered ${response.status}`, { attempt })
    const { status } = response
    if (!response.ok) {
      const retryable = status >= 500 || status === 408 || status === 429
      throw new TaskFailure('PAGE_REFUSED', `${input.url} answered ${status}.`, { retryable })
    }
    const text = await response.text()
    const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1]?.trim() ?? null
    return { status, title, bytes: Buffer.byteLength(text) }
  },
})

/** Waits without a slot: parked until the time, then called again in the same attempt. */
export const waitFor = defineTaskType<{ until: string }, { waitedUntil: string }>({
  name: 'wait_for',
  description: 'Ends at a given time.',
  input: {
    type: 'object',
    required: ['until'],
    properties: { until: { type: 'string', format: 'date-time' } },
    additionalProperties: false,
  },
  handler({ input }, { lease }) {
    const until = new Date(input.until)
    if (until > new Date()) return lease.park({ until })
    return { waitedUntil: until.toISOString() }
  },
})

const PRIMES_PER_TURN = 20_000

/** Work for the processor: a turn at a time, so that the server stays responsive, and the signal is heard. */
export const countPrimes = defineTaskType<{ below: number }, { primes: number }>({
  name: 'count_primes',
  description: 'Counts the prime numbers below a limit.',
  input: {
    type: 'object',
    required: ['below'],
    properties: { below: { type: 'integer', minimum: 2, maximum: 50_000_000 } },
    additionalProperties: false,
  },
  async handler({ input: { below } }, { signal, progress }) {
    let primes = 0
    for (let candidate = 2; candidate < below; candidate += 1) {
      if (isPrime(candidate)) primes += 1
      if (candidate % PRIMES_PER_TURN !== 0) continue
      signal.throwIfAborted()
      progress(candidate / below, `${primes} primes below ${candidate}`)
      await nextTurn()
    }
    return { primes }
  },
})

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
    if (candidate % divisor === 0) return false
  }
  return true
}
