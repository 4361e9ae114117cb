import type { JsonValue } from '../../task/json.ts'
import type { NewDependency, NewTask } from '../../task/new-task.ts'
import type { WorkerPreference } from '../../task/preference.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import type { UniqueRule } from '../../task/unique.ts'
import { type InputIssue, InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import type { CreateTaskInput, NewTaskInput } from './create-task-input.ts'
import { present } from './present.ts'
import { resourcesOf } from './resources-input.ts'

type Input = typeof NewTaskInput.$inferInput
type TaskInput = typeof CreateTaskInput.$inferInput
type Path = readonly (string | number)[]

/**
 * What a verb is asked to make, from the input of a mutation.
 *
 * @param path where the input stands in the arguments
 * @throws InvalidInput when an id is malformed
 */
export function newTaskOf(input: Input, path: Path): NewTask {
  const {
    estimatedDuration,
    retry,
    timeouts,
    parentId,
    dependsOn,
    labels,
    resources,
    workerPreferences,
    preferenceGrace,
    ...same
  } = input
  return {
    ...present(same),
    name: input.name,
    type: input.type,
    ...(estimatedDuration != null && { estimatedMs: estimatedDuration }),
    ...(dependsOn != null && {
      dependsOn: dependsOn.map((one, index) => dependencyOf(one, [...path, 'dependsOn', index])),
    }),
    ...(retry != null && { retry: retryOf(retry) }),
    ...(timeouts != null && {
      timeouts: present({
        queueMs: timeouts.queue,
        attemptMs: timeouts.attempt,
        totalMs: timeouts.total,
        heartbeatMs: timeouts.heartbeat,
      }),
    }),
    ...(resources != null && takenOf(resources, [...path, 'resources'])),
    ...(workerPreferences != null && { workerPreferences: workerPreferences.map(preferenceOf) }),
    ...(preferenceGrace != null && { preferenceGraceMs: preferenceGrace }),
    ...(labels != null && { labels: labelsOf(labels, [...path, 'labels']) }),
    ...(parentId != null && { parentId: uuidOfField(ID_PREFIXES.task, parentId, [...path, 'parentId']) }),
  }
}

function preferenceOf({ selector, weight }: NonNullable<Input['workerPreferences']>[number]): WorkerPreference {
  return { selector, ...(weight != null && { weight }) }
}

function takenOf(
  { pools, ...resources }: NonNullable<Input['resources']>,
  path: Path,
): Pick<NewTask, 'resources' | 'pools'> {
  return {
    resources: resourcesOf(resources, path),
    ...(pools != null && { pools: Object.fromEntries(pools.map(({ pool, slots }) => [pool, slots])) }),
  }
}

/** @throws InvalidInput when it is not an object of strings */
export function labelsOf(labels: JsonValue, path: Path): Readonly<Record<string, string>> {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw new InvalidInput([{ path, message: 'is not an object of strings, like {"team": "search"}' }])
  }
  const issues: InputIssue[] = Object.entries(labels)
    .filter(([, value]) => typeof value !== 'string')
    .map(([name]) => ({ path: [...path, name], message: 'is not a string; a label is' }))
  if (issues.length > 0) throw new InvalidInput(issues)
  return labels as Readonly<Record<string, string>>
}

export function uniqueOf({ key, mode, period, maxDelay }: NonNullable<TaskInput['unique']>): UniqueRule {
  return { key, mode, ...present({ periodMs: period, maxDelayMs: maxDelay }) }
}

function dependencyOf(input: NonNullable<Input['dependsOn']>[number], path: Path): NewDependency {
  const { taskId, ...same } = input
  return {
    ...present(same),
    ...(taskId != null && { taskId: uuidOfField(ID_PREFIXES.task, taskId, [...path, 'taskId']) }),
  }
}

function retryOf({ initial, max, ...same }: NonNullable<Input['retry']>) {
  return present({ ...same, initialMs: initial, maxMs: max })
}
