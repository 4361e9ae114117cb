import type { Refusal } from '../task/refusal.ts'
import { encodeTypeId, ID_PREFIXES } from '../task/type-id.ts'
import { type DefinitionProblem, pathText } from '../workflow/definition/problem.ts'
import { InvalidInput } from './invalid-input.ts'
import { runCommandHint } from './workflow/run-command-hint.ts'

type Path = readonly string[] | null

/** A refusal on its way to the client as a member of a result union. */
export abstract class UserFailure extends Error {
  abstract readonly code: string
  /** The part of the input it is about; null when it is not about one part. */
  readonly path: Path

  constructor(message: string, path: Path = null) {
    super(message)
    this.path = path
  }
}

export class UnknownTaskType extends UserFailure {
  readonly code = 'UNKNOWN_TASK_TYPE'
  readonly type: string
  readonly knownTypes: readonly string[]

  constructor(type: string, knownTypes: readonly string[], path: Path) {
    const known = knownTypes.length === 0 ? 'none is registered yet' : `known are ${knownTypes.join(', ')}`
    super(`No task type is called "${type}": ${known}. Start a worker that serves it, or correct the name.`, path)
    this.type = type
    this.knownTypes = knownTypes
  }
}

export class NotFound extends UserFailure {
  readonly code = 'NOT_FOUND'
  /** Public id. */
  readonly id: string

  constructor(noun: string, id: string, path: Path) {
    super(`There is no ${noun} ${id}: it never existed, was removed, or belongs to another tenant.`, path)
    this.id = id
  }
}

export class DependencyCycle extends UserFailure {
  readonly code = 'DEPENDENCY_CYCLE'
  readonly cycle: readonly string[]

  constructor(cycle: readonly string[]) {
    super(`The dependencies go round in a circle: ${cycle.join(' → ')}. Take one of them away.`, ['input', 'dependsOn'])
    this.cycle = cycle
  }
}

export class IdempotencyConflict extends UserFailure {
  readonly code = 'IDEMPOTENCY_CONFLICT'
  readonly key: string
  /** Public ids of the tasks that the key made. */
  readonly taskIds: readonly string[]
  /** Public id of the run that it started. */
  readonly runId: string | null

  constructor(key: string, { taskIds, runId }: { taskIds: readonly string[]; runId: string | null }) {
    super(
      `The idempotency key "${key}" was used before for a different request. Repeat that request unchanged, or take a new key.`,
      ['input', 'idempotencyKey'],
    )
    this.key = key
    this.taskIds = taskIds
    this.runId = runId
  }
}

export class EventIdConflict extends UserFailure {
  readonly code = 'EVENT_ID_CONFLICT'
  /** The sender's own id. */
  readonly id: string
  /** Public id of the event that took it. */
  readonly eventId: string

  constructor(id: string, eventId: string) {
    super(
      `The id "${id}" was used before for an event with another key or payload, ${eventId}. Send that one again unchanged, or take a new id.`,
      ['input', 'id'],
    )
    this.id = id
    this.eventId = eventId
  }
}

export class IllegalTransition extends UserFailure {
  readonly code = 'ILLEGAL_TRANSITION'
  readonly taskId: string
  readonly from: string
  readonly command: string

  constructor(taskId: string, from: string, command: string) {
    super(`A task that is ${from} cannot be asked to ${command}. Read it again: it may have moved on meanwhile.`, [
      'input',
      'id',
    ])
    this.taskId = taskId
    this.from = from
    this.command = command
  }
}

export class VersionConflict extends UserFailure {
  readonly code = 'VERSION_CONFLICT'
  readonly taskId: string
  readonly expectedVersion: number
  readonly actualVersion: number

  constructor(taskId: string, expectedVersion: number, actualVersion: number) {
    super(
      `The task is at version ${actualVersion}, not ${expectedVersion}: somebody changed it. Read it again and decide anew.`,
      ['input', 'expectedVersion'],
    )
    this.taskId = taskId
    this.expectedVersion = expectedVersion
    this.actualVersion = actualVersion
  }
}

export class TriggerVersionConflict extends UserFailure {
  readonly code = 'VERSION_CONFLICT'
  readonly triggerId: string
  readonly expectedVersion: number
  readonly actualVersion: number

  constructor(triggerId: string, expectedVersion: number, actualVersion: number) {
    super(
      `The trigger is at version ${actualVersion}, not ${expectedVersion}: somebody changed it. Read it again and decide anew.`,
      ['input', 'expectedVersion'],
    )
    this.triggerId = triggerId
    this.expectedVersion = expectedVersion
    this.actualVersion = actualVersion
  }
}

export class StaleLease extends UserFailure {
  readonly code = 'STALE_LEASE'
  readonly taskId: string
  readonly epoch: number
  readonly currentEpoch: number
  readonly status: string

  constructor(lease: { taskId: string; epoch: number; currentEpoch: number; status: string }, path: Path) {
    const { taskId, epoch, currentEpoch, status } = lease
    const now = currentEpoch === epoch ? `it is ${status}` : `it is ${status} under epoch ${currentEpoch}`
    super(
      `You do not hold the lease of ${taskId} under epoch ${epoch}: ${now}. Stop working on it and report no more of it.`,
      path,
    )
    this.taskId = taskId
    this.epoch = epoch
    this.currentEpoch = currentEpoch
    this.status = status
  }
}

export class InvalidWorkflow extends UserFailure {
  readonly code = 'INVALID_WORKFLOW'
  readonly problems: readonly DefinitionProblem[]

  constructor(problems: readonly DefinitionProblem[], path: Path) {
    const errors = problems.filter(({ severity }) => severity === 'error')
    const [first] = errors
    const where = first === undefined || first.path.length === 0 ? '' : `${pathText(first.path)} `
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
    super(
      `The definition cannot be run: ${where}${first?.message ?? ''}${more}. Correct what \`problems\` lists.`,
      path,
    )
    this.problems = problems
  }
}

export class UnknownWorkflow extends UserFailure {
  readonly code = 'UNKNOWN_WORKFLOW'
  readonly workflow: string
  readonly version: number | null

  constructor(workflow: string, version: number | null, path: Path) {
    const wanted = version === null ? 'has no version that is READY' : `has no version ${version} that can be run`
    super(`There is no workflow called "${workflow}", or it ${wanted}. Create it, or correct the name.`, path)
    this.workflow = workflow
    this.version = version
  }
}

export class IllegalRunCommand extends UserFailure {
  readonly code = 'ILLEGAL_RUN_COMMAND'
  readonly runId: string
  readonly from: string
  readonly command: string

  constructor(runId: string, from: string, command: string) {
    super(`A run that is ${from} cannot be asked to ${command}. ${runCommandHint(from, command)}`, ['input', 'id'])
    this.runId = runId
    this.from = from
    this.command = command
  }
}

export class CannotFork extends UserFailure {
  readonly code = 'CANNOT_FORK'
  readonly runId: string
  readonly from: string

  constructor(runId: string, from: string, message: string, path: Path) {
    super(message, path)
    this.runId = runId
    this.from = from
  }
}

export class RunsFull extends UserFailure {
  readonly code = 'RUNS_FULL'
  readonly workflow: string
  readonly key: string
  readonly limit: number

  constructor(workflow: string, key: string, limit: number) {
    const whose = key === '' ? '' : ` with the key "${key}"`
    super(`${limit} runs of "${workflow}"${whose} are under way, as many as it allows. Try again when one has ended.`)
    this.workflow = workflow
    this.key = key
    this.limit = limit
  }
}

type ApprovalCode = 'NOT_AN_APPROVER' | 'ALREADY_DECIDED' | 'APPROVAL_CLOSED'

export class AnswerRefused extends UserFailure {
  readonly code: ApprovalCode
  readonly approvalId: string

  constructor(code: ApprovalCode, approvalId: string, message: string) {
    super(message, ['input', 'id'])
    this.code = code
    this.approvalId = approvalId
  }
}

/** Where a part of a verb's request stands in the arguments of the mutation. */
export type PathOf = (path: readonly (string | number)[]) => readonly (string | number)[]

/** The error that a verb's refusal becomes. */
export function failureOf(refusal: Refusal, pathOf: PathOf): Error {
  switch (refusal.code) {
    case 'VALIDATION':
      return new InvalidInput(refusal.issues.map(({ path, message }) => ({ path: pathOf(path), message })))
    case 'UNKNOWN_TASK_TYPE':
      return new UnknownTaskType(refusal.type, refusal.known, pathOf(refusal.path).map(String))
    case 'NOT_FOUND':
      return new NotFound(
        refusal.what,
        encodeTypeId(ID_PREFIXES[refusal.what], refusal.id),
        pathOf(refusal.path).map(String),
      )
    case 'DEPENDENCY_CYCLE':
      return new DependencyCycle(refusal.cycle)
    case 'IDEMPOTENCY_CONFLICT':
      return new IdempotencyConflict(refusal.key, {
        taskIds: refusal.taskIds.map(publicTaskId),
        runId: refusal.runId === undefined ? null : publicRunId(refusal.runId),
      })
    case 'EVENT_ID_CONFLICT':
      return new EventIdConflict(refusal.id, encodeTypeId(ID_PREFIXES.receivedEvent, refusal.eventId))
    case 'ILLEGAL_TRANSITION':
      return new IllegalTransition(publicTaskId(refusal.taskId), refusal.from, refusal.command)
    case 'UNKNOWN_WORKFLOW':
      return new UnknownWorkflow(refusal.workflow, refusal.version, pathOf(['workflow']).map(String))
    case 'ILLEGAL_RUN_COMMAND':
      return new IllegalRunCommand(publicRunId(refusal.runId), refusal.from, refusal.command)
    case 'CANNOT_FORK':
      return new CannotFork(publicRunId(refusal.runId), refusal.from, refusal.message, pathOf(refusal.path).map(String))
    case 'RUNS_FULL':
      return new RunsFull(refusal.workflow, refusal.key, refusal.limit)
    case 'NOT_AN_APPROVER':
    case 'ALREADY_DECIDED':
    case 'APPROVAL_CLOSED': {
      const approvalId = encodeTypeId(ID_PREFIXES.approval, refusal.approvalId)
      return new AnswerRefused(refusal.code, approvalId, refusal.message)
    }
    case 'VERSION_CONFLICT':
      return 'taskId' in refusal
        ? new VersionConflict(publicTaskId(refusal.taskId), refusal.expected, refusal.actual)
        : new TriggerVersionConflict(
            encodeTypeId(ID_PREFIXES.trigger, refusal.triggerId),
            refusal.expected,
            refusal.actual,
          )
    case 'STALE_LEASE':
      return new StaleLease({ ...refusal, taskId: publicTaskId(refusal.taskId) }, pathOf(['epoch']).map(String))
  }
}

function publicRunId(uuid: string): string {
  return encodeTypeId(ID_PREFIXES.run, uuid)
}

function publicTaskId(uuid: string): string {
  return encodeTypeId(ID_PREFIXES.task, uuid)
}
