import { describe, expect, it } from 'vitest'
import { LONGEST_SIMULATED_MS, simulatedWork } from '../../../src/integration/simulation/simulated-work.ts'
import { createSchemaCheck } from '../../../src/task/schema-check.ts'

const { handler, input: schema } = simulatedWork()

function work(durationMs: number, signal: AbortSignal = new AbortController().signal) {
  return handler({ input: { durationMs } }, { signal })
}

describe('simulated work', () => {
  it('takes as long as it is told', async () => {
    expect(await work(0)).toEqual({ durationMs: 0 })
    const began = performance.now()
    expect(await work(120)).toEqual({ durationMs: 120 })
    // Timers may fire up to a millisecond early.
    expect(performance.now() - began).toBeGreaterThanOrEqual(118)
  })

  it('ends when it is told to, before it began and in the middle', async () => {
    await expect(work(LONGEST_SIMULATED_MS, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
    const controller = new AbortController()
    const working = work(LONGEST_SIMULATED_MS, controller.signal)
    controller.abort()
    await expect(working).rejects.toThrow(/abort/)
  })

  it.each([
    [{}, 'durationMs'],
    [{ durationMs: -1 }, '>= 0'],
    [{ durationMs: '5' }, 'number'],
    [{ durationMs: LONGEST_SIMULATED_MS + 1 }, '<= 604800000'],
    [{ durationMs: 1, seconds: 1 }, 'seconds'],
  ])('refuses %j', (given, said) => {
    const problems = createSchemaCheck().problems(JSON.stringify(schema), given, [])
    expect(problems.map(({ message }) => message).join()).toContain(said)
  })
})
