import { describe, expect, it } from 'vitest'
import { begin, task } from './begin.ts'

describe('input and output of a run', () => {
  it('an input that does not fit fails it before anything starts', () => {
    const driver = begin([task('a')], { n: 'x' }, { input: { type: 'object', properties: { n: { type: 'number' } } } })
    expect(driver.run).toMatchObject({
      status: 'FAILED',
      error: { code: 'INPUT_INVALID', message: "The run's input.n must be number." },
    })
    expect(driver.statuses).toEqual({})
  })

  it('`result` makes the output, which has to fit', () => {
    const more = { result: { got: '${{ steps.a.output }}', of: '${{ run.workflow }}' }, context: { k: 1 } }
    const driver = begin([task('a')], null, more)
    driver.complete('a', 5)
    expect(driver.run.output).toEqual({ got: 5, of: 'w' })
    const misfit = begin([task('a')], null, { output: { type: 'string' } })
    misfit.complete('a', 5)
    expect(misfit.run).toMatchObject({ status: 'FAILED', error: { code: 'OUTPUT_INVALID' } })
  })

  it('of several last steps the output is an object by their ids', () => {
    const driver = begin([task('a'), task('b', { onFailure: 'CONTINUE' }), task('c', { when: 'false' })])
    driver.complete('a', 1)
    driver.fail('b')
    expect(driver.run.output).toEqual({ a: 1 })
  })
})
