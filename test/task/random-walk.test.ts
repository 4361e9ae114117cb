import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MOVES } from '../../src/task/moves.ts'
import { isFinished } from '../../src/task/status.ts'
import { brokenRules } from '../support/row-rules.ts'
import { sized } from '../support/size.ts'
import { births, bornAs, steps, type Walked, walk } from '../support/task-walk.ts'

const RUNS = sized(1_000, 50_000)

/** Checks every step of many walks. */
function everyWalk(check: (walked: readonly Walked[]) => void, fixed: { numRuns?: number; seed?: number } = {}): void {
  fc.assert(
    fc.property(births, fc.array(steps, { maxLength: 60, size: 'max' }), (birth, path) => {
      check(walk(birth, path).walked)
    }),
    { numRuns: RUNS, ...fixed },
  )
}

describe('along any walk', () => {
  test('a task is born as the table allows', () => {
    fc.assert(
      fc.property(births, (birth) => {
        expect(brokenRules(bornAs(birth))).toEqual([])
      }),
      { numRuns: RUNS },
    )
  })

  test('every move of the table is met', () => {
    const seen = new Set<string>()
    const note = (walked: readonly Walked[]): void => {
      for (const { before, command, transition } of walked) {
        if (transition.kind === 'refused') continue
        seen.add(`${before.status} ${command.kind} ${transition.state.status}`)
      }
    }
    everyWalk(note, { numRuns: 8_000, seed: 1 })
    const table = Object.entries(MOVES).flatMap(([from, moves]) =>
      Object.entries(moves).flatMap(([command, targets]) => targets.map((to) => `${from} ${command} ${to}`)),
    )
    expect(table.filter((move) => !seen.has(move))).toEqual([])
  })

  test('every state can be written: no rule of the table breaks', () => {
    everyWalk((walked) => {
      for (const { transition } of walked) {
        if (transition.kind !== 'refused') expect(brokenRules(transition.state)).toEqual([])
      }
    })
  })

  test('every move is one of the table, and every move it does not have is refused', () => {
    everyWalk((walked) => {
      for (const { before, command, transition } of walked) {
        const allowed = MOVES[before.status][command.kind]
        if (transition.kind === 'moved') expect(allowed).toContain(transition.state.status)
        if (allowed === undefined) expect(transition.kind).toBe('refused')
      }
    })
  })

  test('the version goes up by one with each event and stays without one', () => {
    everyWalk((walked) => {
      for (const { before, transition } of walked) {
        if (transition.kind === 'moved') expect(transition.state.version).toBe(before.version + 1)
        if (transition.kind !== 'kept') continue
        expect(transition.state).toEqual({ ...before, waitingOn: transition.state.waitingOn })
      }
    })
  })

  test('a stale epoch changes nothing, and a current one is never called stale', () => {
    everyWalk((walked) => {
      for (const { before, command, transition } of walked) {
        if (!('epoch' in command)) continue
        const isCurrent = before.status === 'RUNNING' && command.epoch === before.epoch
        if (!isCurrent) expect(transition).toEqual({ kind: 'refused', reason: 'STALE_LEASE' })
        else expect(transition.kind).toBe('moved')
      }
    })
  })

  test('a finished task moves only by a retry by hand, a completed one never', () => {
    everyWalk((walked) => {
      for (const { before, command, transition } of walked) {
        if (!isFinished(before.status) || transition.kind !== 'moved') continue
        expect(command.kind).toBe('retry')
        expect(before.status).not.toBe('COMPLETED')
      }
    })
  })

  test('the epoch goes up by one with each claim and never otherwise', () => {
    everyWalk((walked) => {
      for (const { before, command, transition } of walked) {
        if (transition.kind === 'refused') continue
        expect(transition.state.epoch).toBe(before.epoch + (command.kind === 'claim' ? 1 : 0))
      }
    })
  })

  test('an attempt opens with a claim, stays open while parked, and ends exactly once', () => {
    everyWalk((walked) => {
      let open: number | null = null
      let last = 0
      for (const { before, command, transition } of walked) {
        if (transition.kind !== 'moved') continue
        const { state, attemptEnd } = transition
        if (command.kind === 'claim') {
          expect(state.attempt).toBe(open ?? last + 1)
          open = state.attempt
          last = state.attempt
        }
        if (attemptEnd !== null) {
          expect(attemptEnd.number).toBe(open)
          open = null
        }
        expect(open !== null).toBe(state.status === 'RUNNING' || state.isResumed)
        expect(state.attempt).toBe(last)
        if (isFinished(state.status)) expect(open).toBeNull()
        if (before.status === 'RUNNING' && command.kind !== 'park' && state.status !== 'RUNNING') {
          expect(attemptEnd).not.toBeNull()
        }
      }
    })
  })

  test('a task is claimable exactly while it is READY', () => {
    everyWalk((walked) => {
      for (const { transition } of walked) {
        if (transition.kind === 'refused') continue
        const { status, isClaimable } = transition.state
        expect(isClaimable).toBe(status === 'READY')
      }
    })
  })

  test('what the clock must end has a time to wake, and a wake-up that is due changes the task', () => {
    everyWalk((walked) => {
      for (const { before, command, now, transition } of walked) {
        const { wakeAt, expiresAt } = before
        if (!isFinished(before.status) && expiresAt !== null) expect(wakeAt! <= expiresAt).toBe(true)
        if (command.kind !== 'wake' || isFinished(before.status)) continue
        expect(transition.kind).toBe(wakeAt !== null && wakeAt <= now ? 'moved' : 'kept')
      }
    })
  })
})
