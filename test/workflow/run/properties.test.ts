import fc from 'fast-check'
import { describe, it } from 'vitest'
import { isBelow } from '../../../src/workflow/run/path.ts'
import { replay } from '../../support/replay.ts'
import { sized } from '../../support/size.ts'
import type { Driver } from './driver.ts'
import { runThrough, walkThrough } from './random-walk.ts'
import { actions, definitions } from './random-workflow.ts'
import { Reference } from './reference.ts'

const RUNS = sized(1_000, 60_000)

describe('any workflow, whatever the world does', () => {
  it('does what the reference allows, ends, and is told truly by its events', () => {
    fc.assert(
      fc.property(definitions, fc.array(actions, { maxLength: 40 }), (definition, acts) => {
        const reference = new Reference(definition)
        walkThrough(definition, acts, {
          mostTurns: 1 + (acts.length % 3),
          look(driver, commands) {
            reference.check(driver, commands)
            checkReplay(driver)
          },
        })
      }),
      { numRuns: RUNS },
    )
  })

  it('can be forked from any step that was reached, and the fork ends too', () => {
    fc.assert(
      fc.property(definitions, fc.array(actions, { maxLength: 20 }), fc.nat(50), (definition, acts, place) => {
        const source = walkThrough(definition, acts, { look: () => {} })
        const paths = [...source.rows.keys()]
        if (paths.length === 0) return
        const from = paths[place % paths.length]!
        const { driver, outcome } = source.fork(from)
        if (outcome.kind === 'refused') throw new Error(`${from} was refused: ${outcome.code}`)
        checkShares(source, { from, ...outcome })
        runThrough(driver, checkReplay)
      }),
      { numRuns: RUNS / 2 },
    )
  })
})

/** What is reused and what runs again are parts of the source that have nothing in common; the step itself runs again. */
function checkShares(
  source: Driver,
  { from, reused, again }: { from: string; reused: readonly string[]; again: readonly string[] },
): void {
  const isIn = (parts: readonly string[], path: string) => parts.some((part) => path === part || isBelow(path, part))
  if (!isIn(again, from) && !source.plan.steps.get(source.rows.get(from)!.stepId)!.isCompensation)
    throw new Error(`${from} does not run again`)
  for (const [path, { status }] of source.rows) {
    if (isIn(reused, path) && isIn(again, path)) throw new Error(`${path} is reused and runs again`)
    if (reused.includes(path) && status === 'CANCELLED') throw new Error(`${path} was cancelled, and is reused`)
  }
}

/** The events alone give the statuses and attempts of the rows. */
function checkReplay(driver: Driver): void {
  const told = replay(driver.events, driver.taken)
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
