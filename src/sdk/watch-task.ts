import { GraphQLRequestError } from './errors.ts'
import type { EventFieldsFragment, Sdk, TaskDetailsFragment } from './generated/operations.ts'
import { isFinished } from './subscription/resume-rule.ts'

/** One step of a task's life. */
export interface TaskChange {
  /** What happened; null in the first change, which shows where the task stands. */
  readonly event: EventFieldsFragment | null
  /** The task, at least as new as the event. */
  readonly task: TaskDetailsFragment
}

/**
 * A task from where it stands to its end: first its state, then every event in order, each once.
 *
 * @throws GraphQLRequestError NOT_FOUND when there is no such task
 */
export async function* watchTask(
  sdk: Pick<Sdk, 'getTask' | 'events'>,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<TaskChange, undefined, undefined> {
  let task = await readTask(sdk, id, signal)
  if (task === null) return
  let seen = task.version
  yield { event: null, task }
  while (!(isFinished(task.status) && seen >= task.version)) {
    const feed = sdk.events({ after: task.cursor, filter: { taskId: { eq: id } } }, { signal })
    for await (const batch of feed) {
      if (batch.__typename === 'CursorExpired') break
      for (const event of batch.events) {
        if (!('version' in event) || event.version <= seen) continue
        seen = event.version
        if (seen > task.version) {
          const next: TaskDetailsFragment | null =
            event.__typename === 'TaskProgressed'
              ? { ...task, status: event.status, version: event.version, progress: event.progress }
              : await readTask(sdk, id, signal)
          if (next === null) return
          task = next
        }
        yield { event, task }
      }
      if (isFinished(task.status) && seen >= task.version) return
    }
    if (signal.aborted) return
    const again = await readTask(sdk, id, signal)
    if (again === null) return
    task = again
    seen = again.version
    yield { event: null, task }
  }
}

/** null when the signal has fired. */
async function readTask(
  sdk: Pick<Sdk, 'getTask'>,
  id: string,
  signal: AbortSignal,
): Promise<TaskDetailsFragment | null> {
  try {
    const task = await sdk.getTask({ id }, { signal })
    if (task === null) {
      const message = `There is no task ${id}: it never existed, was removed, or belongs to another tenant.`
      throw new GraphQLRequestError([{ message, extensions: { code: 'NOT_FOUND' } }])
    }
    return task
  } catch (error) {
    if (signal.aborted) return null
    throw error
  }
}
