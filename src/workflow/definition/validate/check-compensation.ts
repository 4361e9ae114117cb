import { holdersOf, type Layout, type Placed } from './layout.ts'
import type { Report } from './report.ts'

/** Warns of compensations that nothing asks for, and of failures that ask for some where there are none. */
export function checkCompensation({ all }: Layout, report: Report): void {
  const asking = new Set(all.filter(asksForSome).map(({ scope }) => scope))
  const around = (placed: Placed) => [placed.scope, ...[...holdersOf(placed.scope)].map(({ scope }) => scope)]
  const undone = new Set(all.filter(({ step }) => step.compensate !== undefined).flatMap(around))
  for (const placed of all) {
    if (placed.step.compensate !== undefined && !around(placed).some((scope) => asking.has(scope)))
      report(
        'USELESS_COMPENSATION',
        [...placed.path, 'compensate'],
        'is never used: no step beside this one, or around it, has onFailure: COMPENSATE',
        { severity: 'warning' },
      )
    if (asksForSome(placed) && !undone.has(placed.scope))
      report(
        'USELESS_COMPENSATION',
        [...placed.path, 'onFailure'],
        'is COMPENSATE, and no step beside this one has a compensation: that is FAIL',
        { severity: 'warning' },
      )
  }
}

function asksForSome({ step }: Placed): boolean {
  return step.onFailure === 'COMPENSATE'
}
