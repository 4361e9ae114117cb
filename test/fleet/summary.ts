import type { FleetRun } from './run-fleet.ts'

/** One run in numbers, for people. */
export function summaryOf({ history: { log, witness }, mischief, seconds }: FleetRun): string {
  const count = <T>(list: readonly T[], nameOf: (item: T) => string | null): string =>
    [...Map.groupBy(list, nameOf)].map(([name, { length }]) => `${length} ${name}`).join(', ')
  const began = witness.filter(({ what }) => what === 'began')
  const again = new Set(began.filter(({ epoch }) => epoch > 1).map(({ id }) => id)).size
  const completed = new Set(
    log.attempts.flatMap(({ taskId, epoch, outcome }) => (outcome === 'COMPLETED' ? [`${taskId} ${epoch}`] : [])),
  )
  const late = witness.filter(({ what, id, epoch }) => what === 'returned' && !completed.has(`${id} ${epoch}`)).length
  return [
    `${log.tasks.length} tasks in ${Math.round(seconds)} s: ${count(log.tasks, ({ status }) => status)}`,
    `attempts: ${count(log.attempts, ({ outcome }) => outcome)}`,
    `${began.length} calls of handlers, ${again} tasks called again, ${late} returns that were not accepted`,
    `troubles: ${[...mischief].map(([what, times]) => `${times} ${what}`).join(', ')}`,
  ].join('\n')
}
