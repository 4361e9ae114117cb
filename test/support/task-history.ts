import type { TaskEventKind } from '../../src/event/event.ts'
import { type CommandKind, MOVES } from '../../src/task/moves.ts'
import { isFinished, type TaskStatus } from '../../src/task/status.ts'

/** What the log says of one event. */
export interface HistoryEvent {
  readonly id: number
  readonly taskId: string
  readonly kind: TaskEventKind
  readonly version: number
  readonly status: TaskStatus
}

export interface HistoryTask {
  readonly id: string
  readonly status: TaskStatus
  readonly version: number
  readonly waitingOn: number
  readonly attempt: number
  readonly epoch: number
  readonly isResumed: boolean
  readonly isClaimable: boolean
}

export interface HistoryAttempt {
  readonly taskId: string
  readonly number: number
  readonly epoch: number
  readonly outcome: string | null
}

export interface HistoryDependency {
  readonly taskId: string
  readonly dependsOnId: string
  readonly state: 'PENDING' | 'SATISFIED' | 'UNMET'
}

export interface History {
  readonly events: readonly HistoryEvent[]
  readonly tasks: readonly HistoryTask[]
  readonly attempts: readonly HistoryAttempt[]
  readonly dependencies: readonly HistoryDependency[]
}

/** The commands that each event can come from. */
const CAUSES: Readonly<Record<Exclude<TaskEventKind, 'TaskCreated'>, readonly CommandKind[]>> = {
  TaskPending: ['retry'],
  TaskScheduled: ['settle'],
  TaskReady: ['settle', 'wake', 'retry'],
  TaskStarted: ['claim'],
  TaskProgressed: ['progress'],
  TaskRetrying: ['fail', 'wake'],
  TaskParked: ['park'],
  TaskAnswered: ['signal', 'park'],
  TaskReleased: ['release'],
  AttemptLost: ['lose'],
  TaskCompleted: ['complete'],
  TaskFailed: ['fail', 'wake', 'lose', 'settle'],
  TaskCancelled: ['cancel', 'settle'],
  TaskSkipped: ['settle'],
  TaskPaused: ['pause'],
  TaskResumed: ['resume'],
  TaskUpdated: ['update'],
  TaskDeadlineMissed: ['overdue'],
}

const BIRTHS: readonly TaskStatus[] = ['PENDING', 'SCHEDULED', 'READY']

/**
 * Everything in which rows and log contradict each other or the table of moves. Pure: takes all events of the tasks
 * and the rows as they stand when nothing is under way.
 *
 * @returns one sentence for each problem, empty when the history is sound
 */
export function historyProblems(history: History): string[] {
  const eventsOf = Map.groupBy(history.events, ({ taskId }) => taskId)
  const attemptsOf = Map.groupBy(history.attempts, ({ taskId }) => taskId)
  const dependenciesOf = Map.groupBy(history.dependencies, ({ taskId }) => taskId)
  const statusOf = new Map(history.tasks.map(({ id, status }) => [id, status]))
  const strays = [...eventsOf.keys()].filter((id) => !statusOf.has(id)).map((id) => `${id}: has events but no row`)
  return [
    ...strays,
    ...history.tasks.flatMap((task) => {
      const events = [...(eventsOf.get(task.id) ?? [])].sort((a, b) => a.id - b.id)
      return [
        ...logProblems(task, events),
        ...attemptProblems(task, events, attemptsOf.get(task.id) ?? []),
        ...dependencyProblems(task, dependenciesOf.get(task.id) ?? [], statusOf),
      ].map((problem) => `${task.id} (${task.status}): ${problem}`)
    }),
  ]
}

function logProblems(task: HistoryTask, events: readonly HistoryEvent[]): string[] {
  const problems: string[] = []
  for (const [index, { version, kind }] of events.entries()) {
    if (version !== index + 1) problems.push(`event ${index + 1} in id order, ${kind}, has version ${version}`)
  }
  if (events[0]?.kind !== 'TaskCreated') problems.push(`begins with ${events[0]?.kind}`)
  else if (!BIRTHS.includes(events[0].status)) problems.push(`was born as ${events[0].status}`)
  for (const [index, event] of events.slice(1).entries()) problems.push(...moveProblems(events[index]!.status, event))
  const last = events.at(-1)
  if (last?.version !== task.version) problems.push(`has version ${task.version}, its log ends with ${last?.version}`)
  if (last?.status !== task.status) problems.push(`its log ends as ${last?.status}`)
  const completions = events.filter(({ kind }) => kind === 'TaskCompleted').length
  if (completions !== (task.status === 'COMPLETED' ? 1 : 0)) problems.push(`was completed ${completions} times`)
  return problems
}

function moveProblems(from: TaskStatus, { kind, status, version }: HistoryEvent): string[] {
  if (kind === 'TaskCreated') return [`was created again with version ${version}`]
  const isLegal = CAUSES[kind].some((command) => MOVES[from][command]?.includes(status))
  return isLegal ? [] : [`${kind} took it from ${from} to ${status}, which no move does`]
}

function attemptProblems(
  task: HistoryTask,
  events: readonly HistoryEvent[],
  attempts: readonly HistoryAttempt[],
): string[] {
  const problems: string[] = []
  const sorted = [...attempts].sort((a, b) => a.number - b.number)
  for (const [index, { number, epoch }] of sorted.entries()) {
    if (number !== index + 1) problems.push(`attempt ${index + 1} has number ${number}`)
    if (index > 0 && epoch <= sorted[index - 1]!.epoch) problems.push(`attempt ${number} did not raise the epoch`)
  }
  if (sorted.length !== task.attempt) problems.push(`counts ${task.attempt} attempts, has ${sorted.length}`)
  const claims = events.filter(({ kind }) => kind === 'TaskStarted').length
  if (task.epoch !== claims) problems.push(`has epoch ${task.epoch} after ${claims} claims`)
  const open = sorted.filter(({ outcome }) => outcome === null).map(({ number }) => number)
  const expected = task.status === 'RUNNING' || task.isResumed ? [task.attempt] : []
  if (open.join() !== expected.join()) problems.push(`has open attempts [${open}], should have [${expected}]`)
  if (task.status === 'RUNNING' && sorted.at(-1)?.epoch !== task.epoch) problems.push('runs under an older epoch')
  if (isFinished(task.status) && task.isResumed) problems.push('has ended with its attempt open')
  const successes = sorted.filter(({ outcome }) => outcome === 'COMPLETED').length
  if (successes !== (task.status === 'COMPLETED' ? 1 : 0)) problems.push(`has ${successes} completed attempts`)
  if (task.isClaimable !== (task.status === 'READY')) problems.push(`is claimable: ${task.isClaimable}`)
  return problems
}

function dependencyProblems(
  task: HistoryTask,
  dependencies: readonly HistoryDependency[],
  statusOf: ReadonlyMap<string, TaskStatus>,
): string[] {
  const open = dependencies.filter(({ state }) => state === 'PENDING')
  const problems = open
    .filter(({ dependsOnId }) => isFinished(statusOf.get(dependsOnId)!))
    .map(({ dependsOnId }) => `still waits for ${dependsOnId}, which has ended`)
  if (task.waitingOn !== open.length) problems.push(`waits on ${task.waitingOn}, but ${open.length} are open`)
  return problems
}
