import fc from 'fast-check'
import { describe, it } from 'vitest'
import { replay } from '../../../src/workflow/run/replay.ts'
import { sized } from '../../support/size.ts'
import type { Driver } from './driver.ts'
import { walkThrough } from './random-walk.ts'
import { actions, definitions } from './random-workflow.ts'
import { Reference } from './reference.ts'

const RUNS = Number(process.env.RUNS ?? sized(400, 20_000))

describe('any workflow, whatever the world does', () => {
  it('does what the reference allows, ends, and is told truly by its events', () => {
    fc.assert(
      fc.property(definitions, fc.array(actions, { maxLength: 40 }), (definition, acts) => {
        const reference = new Reference(definition)
        walkThrough(definition, acts, {
          look(driver, commands) {
            reference.check(driver, commands)
            checkReplay(driver)
          },
        })
      }),
      { numRuns: RUNS },
    )
  })
})

/** The events alone give the statuses and attempts of the rows. */
function checkReplay(driver: Driver): void {
  const told = replay(driver.events)
  const { status, attempt, seq } = driver.run
  const differs = told.status !== status || told.attempt !== attempt || told.seq !== seq
  if (differs) throw new Error(`${JSON.stringify({ ...told, steps: undefined })} is told of a run that is ${status}`)
  for (const row of driver.rows.values()) {
    const step = told.steps.get(row.path) ?? { status: 'PENDING', attempt: row.attempt }
    if (step.status !== row.status || (row.status !== 'PENDING' && step.attempt !== row.attempt)) {
      throw new Error(`${row.path} is ${row.status} in attempt ${row.attempt}, and told as ${JSON.stringify(step)}`)
    }
  }
  for (const [path, step] of told.steps) {
    if (step.status !== 'PENDING' && !driver.rows.has(path)) throw new Error(`${path} is told as ${step.status}`)
  }
}
