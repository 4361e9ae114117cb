/** What decides why a task does not run now. */
export interface BlockedTask {
  readonly status: string
  readonly type: string
  readonly wakeAt: Date | null
  readonly scheduledFor: Date | null
  readonly waitKey: string | null
  readonly updatedAt: Date
  readonly pausedFrom: string | null
}

export interface UnsettledDependency {
  /** uuid */
  readonly dependsOnId: string
  readonly kind: 'COMPLETION' | 'DATA' | 'RESOURCE' | 'CONDITIONAL'
}

export type Blocker =
  | {
      readonly kind: 'dependency'
      readonly message: string
      readonly dependsOnId: string
      readonly needs: UnsettledDependency['kind']
    }
  | {
      readonly kind: 'time'
      readonly message: string
      readonly until: Date
      readonly cause: 'SCHEDULE' | 'BACK_OFF' | 'PARKED'
    }
  | { readonly kind: 'pause'; readonly message: string; readonly since: Date; readonly pausedFrom: string }
  | { readonly kind: 'no-worker'; readonly message: string; readonly type: string }
  | { readonly kind: 'external'; readonly message: string; readonly waitKey: string }

/**
 * Why a task does not run now; empty when it runs, has ended, or only waits its turn.
 *
 * @param unsettled its dependencies that are still PENDING
 * @param isServed whether a live worker serves its type
 */
export function blockersOf(task: BlockedTask, unsettled: readonly UnsettledDependency[], isServed: boolean): Blocker[] {
  switch (task.status) {
    case 'PENDING':
      return unsettled.map(waitsFor)
    case 'SCHEDULED':
      return until(task.scheduledFor ?? task.wakeAt, 'SCHEDULE', 'It is scheduled for')
    case 'RETRYING':
      return until(task.wakeAt, 'BACK_OFF', 'An attempt failed; the next starts at')
    case 'WAITING':
      return [
        ...(task.waitKey === null ? [] : [awaits(task.waitKey)]),
        ...until(
          task.wakeAt,
          'PARKED',
          task.waitKey === null ? 'Its handler parked it until' : 'It waits no longer than until',
        ),
      ]
    case 'PAUSED':
      return [
        {
          kind: 'pause',
          message: 'Somebody paused it; resume it to go on.',
          since: task.updatedAt,
          pausedFrom: task.pausedFrom ?? 'READY',
        },
        ...unsettled.map(waitsFor),
      ]
    case 'READY':
      return isServed ? [] : [nobodyServes(task.type)]
    default:
      return []
  }
}

function waitsFor({ dependsOnId, kind }: UnsettledDependency): Blocker {
  const need = kind === 'RESOURCE' || kind === 'CONDITIONAL' ? 'to stop' : 'to complete'
  return { kind: 'dependency', message: `It waits for another task ${need}.`, dependsOnId, needs: kind }
}

function until(time: Date | null, cause: 'SCHEDULE' | 'BACK_OFF' | 'PARKED', words: string): Blocker[] {
  return time === null ? [] : [{ kind: 'time', message: `${words} ${time.toISOString()}.`, until: time, cause }]
}

function awaits(waitKey: string): Blocker {
  return { kind: 'external', message: `It waits for the outside answer "${waitKey}".`, waitKey }
}

function nobodyServes(type: string): Blocker {
  return { kind: 'no-worker', message: `No live worker serves the type "${type}". Start one.`, type }
}
