import { describe, expect, it } from 'vitest'
import type { Step, WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { Driver } from './driver.ts'

// Quadratic growth would show as a factor of 16 from one size to four times that; linear growth as 4.
const MOST = 9

describe('cost of stepping', () => {
  it('of a MAP grows with its elements, not with their square', () => {
    expect(costOf(mapOf(10_000)) / costOf(mapOf(2_500))).toBeLessThan(MOST)
  })

  it('of a graph of layers grows with its steps, not with their square', () => {
    expect(costOf(layers(400, 10)) / costOf(layers(100, 10))).toBeLessThan(MOST)
  })
})

/** Milliseconds from start to end, each task being answered by a call of its own; the best of three. */
function costOf(definition: WorkflowDefinition): number {
  const costs = [1, 2, 3].map(() => {
    const began = performance.now()
    const driver = runToEnd(definition)
    expect(driver.run.status).toBe('COMPLETED')
    return performance.now() - began
  })
  return Math.min(...costs)
}

function runToEnd(definition: WorkflowDefinition): Driver {
  const driver = new Driver(definition, { forgets: true, input: null })
  driver.send({ kind: 'start' })
  for (let next = driver.outside.values().next(); !next.done; next = driver.outside.values().next()) {
    const { path, id } = next.value.effect
    driver.send({ kind: 'end', path, id, end: { status: 'COMPLETED', output: path } })
  }
  return driver
}

function mapOf(count: number): WorkflowDefinition {
  const steps: Step[] = [{ id: 'task', type: 'TASK', task: 'work', input: { it: '${{ item }}', at: '${{ index }}' } }]
  return {
    name: 'map',
    steps: [{ id: 'each', type: 'MAP', items: Array.from({ length: count }, (_, at) => at), steps }],
  }
}

/** So many layers of so many steps, each of which comes after two of the layer before. */
function layers(depth: number, width: number): WorkflowDefinition {
  const steps: Step[] = []
  for (let layer = 0; layer < depth; layer++) {
    for (let place = 0; place < width; place++) {
      const after = layer === 0 ? [] : [`s${layer - 1}_${place}`, `s${layer - 1}_${(place + 1) % width}`]
      const input = layer === 0 ? null : { from: `\${{ steps.s${layer - 1}_${place}.output }}` }
      steps.push({ id: `s${layer}_${place}`, type: 'TASK', task: 'work', after, input })
    }
  }
  return { name: 'layers', steps }
}
