import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { RunCommand } from '../../../src/workflow/run/command.ts'
import type { RunState, StepRun } from '../../../src/workflow/run/run-state.ts'
import { type StepOutcome, step } from '../../../src/workflow/run/step.ts'
import { walkThrough } from './random-walk.ts'
import { actions, definitions } from './random-workflow.ts'
import { Reference } from './reference.ts'

type Step = typeof step
type Stepped = Extract<StepOutcome, { kind: 'stepped' }>

/** Step functions that are wrong in one thing: what the reference is checked with. */
const PLANTS: Record<string, Step> = {
  'a join fires on the first': withRows((row) => ({ ...row, waitingOn: 0 })),
  'a skipped step leads on': withRows((row) => ({ ...row, isChosen: true })),
  'an iteration loses its result': withOutcome((outcome) =>
    changed(outcome, (row) => row.type === 'ITERATION', { output: null }),
  ),
  'one more works than may': (plan, ...rest) => step({ ...plan, maxParallelSteps: plan.maxParallelSteps + 1 }, ...rest),
  'a cancel is lost': withCommands((command) => (command.kind === 'cancel' ? [] : [command])),
  'late answers are taken': withCommands((command, { steps }) => {
    const awaitedId = 'path' in command ? steps.get(command.path)?.awaitedId : null
    return awaitedId == null ? [command] : [{ ...command, id: awaitedId } as RunCommand]
  }),
  'pause does not hold': (plan, state, call) => step(plan, { ...state, run: { ...state.run, isPaused: false } }, call),
  'completions are forgotten, and not undone': withOutcome((outcome) =>
    changed(outcome, () => true, { completion: null }),
  ),
  'time-outs are forgotten': withRows((row) => ({ ...row, timeoutAt: null })),
  'what stands in the queue of what ends is kept': withOutcome((outcome) => ({
    ...outcome,
    changes: { ...outcome.changes, emptied: [] },
  })),
  'a queue that was cut off is taken for all': (plan, { run, steps }, call) => step(plan, { run, steps }, call),
  'an event is not appended': withOutcome((outcome) => ({ ...outcome, events: outcome.events.slice(1) })),
  'retries are not waited for by the clock': withOutcome((outcome) => {
    const isRetrying = outcome.changes.rows.some(({ retryAt }) => retryAt !== null)
    return isRetrying ? { ...outcome, run: { ...outcome.run, wakeAt: null } } : outcome
  }),
}

it.each(Object.entries(PLANTS))('%s: seen', (_name, planted) => {
  const property = fc.property(definitions, fc.array(actions, { maxLength: 40 }), (definition, acts) => {
    const reference = new Reference(definition)
    walkThrough(definition, acts, {
      step: planted,
      mostTurns: 1,
      look: (driver, commands) => reference.check(driver, commands),
    })
  })
  expect(fc.check(property, { numRuns: 3_000, seed: 7, endOnFailure: true }).failed).toBe(true)
})

function withRows(change: (row: StepRun) => StepRun): Step {
  return (plan, { run, steps, more = new Set() }, call) =>
    step(plan, { run, more, steps: new Map([...steps].map(([path, row]) => [path, change(row)])) }, call)
}

function withCommands(change: (command: RunCommand, state: RunState) => readonly RunCommand[]): Step {
  return (plan, state, call) => {
    const commands = call.commands.flatMap((command) => change(command, state))
    return step(plan, state, { ...call, commands })
  }
}

function withOutcome(change: (outcome: Stepped) => Stepped): Step {
  return (plan, state, call) => {
    const outcome = step(plan, state, call)
    return outcome.kind === 'needs' ? outcome : change(outcome)
  }
}

function changed(outcome: Stepped, where: (row: StepRun) => boolean, to: Partial<StepRun>): Stepped {
  const rows = outcome.changes.rows.map((row) => (where(row) ? { ...row, ...to } : row))
  return { ...outcome, changes: { ...outcome.changes, rows } }
}
