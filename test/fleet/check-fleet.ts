import { logProblems } from './check-log.ts'
import { witnessProblems } from './check-witness.ts'
import type { FleetHistory } from './history.ts'

/** Everything in one run's history that must not be, one sentence each. Pure. */
export function fleetProblems(history: FleetHistory): string[] {
  return [...logProblems(history), ...witnessProblems(history)]
}
