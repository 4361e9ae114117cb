import type { ClientBase } from 'pg'
import type { NewTask } from '../task/new-task.ts'
import { lockTasks, shareTasks } from '../task/store/lock-tasks.ts'
import { passUniqueKey, takeUniqueKey } from '../task/store/unique-keys.ts'
import { writeInput } from '../task/store/write-details.ts'
import type { TaskState } from '../task/task-state.ts'
import { transition } from '../task/transition.ts'
import { standingOf, type UniqueRule } from '../task/unique.ts'
import { type Applied, applyDecisions } from './apply.ts'
import type { Actor } from './engine.ts'

/** The task that answers for a unique key, with what was done to it. */
export interface StandingTask {
  /** uuid */
  readonly taskId: string
  readonly applied: Applied | null
}

/**
 * Takes a unique key for a new task, or answers with the one that stands for it; a debounced one is pushed back and gets the new input.
 *
 * Locks: the key, then the task behind it: FOR SHARE, and for DEBOUNCE for a change.
 *
 * @param newId uuid that the new task will have
 * @returns null when the new task is to be made: the key stands for it
 */
export async function takeUnique(
  client: ClientBase,
  actor: Actor,
  rule: UniqueRule,
  asked: NewTask,
  newId: string,
): Promise<StandingTask | null> {
  const key = { tenant: actor.tenant, type: asked.type, mode: rule.mode, key: rule.key }
  const taken = await takeUniqueKey(client, key, newId)
  if (taken === null) return null
  const { taskId, since } = taken
  const { task, now } = await lockHolder(client, actor.tenant, rule, taken)
  const standing = task === undefined ? { kind: 'free' as const } : standingOf(rule, { since, task }, now)
  switch (standing.kind) {
    case 'stands':
      return { taskId, applied: null }
    case 'pushed':
      return { taskId, applied: await pushBack(client, actor, task!, asked, standing.startsAt, now) }
    case 'free':
      await passUniqueKey(client, key, newId)
      return null
  }
}

async function lockHolder(
  client: ClientBase,
  tenant: string,
  { mode }: UniqueRule,
  { taskId, now }: { taskId: string; now: Date },
): Promise<{ task: TaskState | undefined; now: Date }> {
  if (mode !== 'DEBOUNCE') return { task: (await shareTasks(client, tenant, [taskId])).get(taskId), now }
  const locked = await lockTasks(client, tenant, [taskId])
  return { task: locked.tasks.get(taskId), now: locked.now }
}

async function pushBack(
  client: ClientBase,
  actor: Actor,
  before: TaskState,
  asked: NewTask,
  startsAt: Date,
  now: Date,
): Promise<Applied> {
  // One that may start now keeps its place in the queue, or a steady stream of calls would keep it at the end.
  const change = startsAt <= now && before.status === 'READY' ? {} : { scheduledFor: startsAt }
  const command = { kind: 'update', change, fields: ['input'] } as const
  const decided = transition(before, command, now, 0)
  if (decided.kind === 'refused') throw new Error(`Task ${before.id} cannot be pushed back: it is ${before.status}`)
  await writeInput(client, actor.tenant, before.id, asked.input === undefined ? null : JSON.stringify(asked.input))
  return applyDecisions(client, actor.name, now, [{ before, transition: decided }])
}
