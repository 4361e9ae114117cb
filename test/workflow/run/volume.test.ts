import { describe, expect, it } from 'vitest'
import type { Step, WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { step } from '../../../src/workflow/run/step.ts'
import { task } from './begin.ts'
import { Driver } from './driver.ts'

describe('what the step function is given, asks for and writes', () => {
  it('is the same at each step of a MAP, however many elements it has', () => {
    const few = workOf(mapOf(500))
    const many = workOf(mapOf(2_000))
    expect(many.largest).toBe(few.largest)
    expect(many.total / few.total).toBeLessThan(4.2)
  })

  it('is the same at each step of a graph, however many steps it has', () => {
    const few = workOf(layers(20, 10))
    const many = workOf(layers(80, 10))
    expect(many.largest).toBe(few.largest)
    expect(many.total / few.total).toBeLessThan(4.2)
  })
})

it('what waits for room in a wide run is neither given nor written again', () => {
  const few = workOf(fan(250))
  const many = workOf(fan(1_000))
  expect(many.total / few.total).toBeLessThan(4.2)
})

it('a step that reads only the one before it asks for nothing', () => {
  let asked = 0
  const steps = ['a', 'b', 'c'].map((id, place): Step => {
    const before = ['a', 'b'][place - 1]
    return before === undefined ? task(id) : task(id, { after: [before], input: `\${{ steps.${before}.output }}` })
  })
  const driver = new Driver(
    { name: 'chain', steps },
    {
      step(plan, state, call) {
        const outcome = step(plan, state, call)
        if (outcome.kind === 'needs') asked += 1
        return outcome
      },
    },
  ).start()
  for (const { id } of steps) driver.complete(id, id)
  expect([driver.run.status, driver.run.output, asked]).toEqual(['COMPLETED', 'c', 0])
})

interface Work {
  /** Rows of the largest call. */
  largest: number
  /** Rows of all calls. */
  total: number
}

/** Runs to the end, each task being answered by a call of its own. */
function workOf(definition: WorkflowDefinition): Work {
  const work: Work = { largest: 0, total: 0 }
  const driver = new Driver(definition, {
    forgets: true,
    step(plan, state, call) {
      const outcome = step(plan, state, call)
      const { steps, items, outputs } = outcome.kind === 'needs' ? outcome.needs : NOTHING
      const written = outcome.kind === 'stepped' ? outcome.changes.rows.length + outcome.changes.removed.length : 0
      const rows = state.steps.size + steps.length + items.length + outputs.length + written
      work.largest = Math.max(work.largest, rows)
      work.total += rows
      return outcome
    },
  })
  driver.send({ kind: 'start' })
  for (let next = driver.outside.values().next(); !next.done; next = driver.outside.values().next()) {
    const { path, id } = next.value.effect
    driver.send({ kind: 'end', path, id, end: { status: 'COMPLETED', output: path } })
  }
  expect(driver.run.status).toBe('COMPLETED')
  return work
}

const NOTHING = { steps: [], items: [], outputs: [] }

function mapOf(count: number): WorkflowDefinition {
  const steps: Step[] = [{ id: 'task', type: 'TASK', task: 'work', input: { it: '${{ item }}', at: '${{ index }}' } }]
  return {
    name: 'map',
    steps: [{ id: 'each', type: 'MAP', items: Array.from({ length: count }, (_, at) => at), steps }],
  }
}

/** So many steps at once, of which ten may work. */
function fan(width: number): WorkflowDefinition {
  return { name: 'fan', steps: Array.from({ length: width }, (_, place) => task(`s${place}`)) }
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
