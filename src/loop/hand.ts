import type { ClaimedTask } from '../task/store/claim-tasks.ts'

/** A task that was claimed and waits for a slot of this worker. */
export interface InHand {
  readonly task: ClaimedTask
  /** When it was claimed, by `performance.now()`. */
  readonly since: number
}

/** The tasks that a worker holds ready for its slots, in the order of their claims. */
export interface Hand {
  readonly size: number
  /** uuids and epochs of the tasks. */
  readonly tasks: readonly ClaimedTask[]
  put(tasks: readonly InHand[]): void
  next(): InHand | undefined
  /** Takes one out; undefined when it is not there (any more). */
  drop(taskId: string, epoch: number): InHand | undefined
  /** Takes all out. */
  empty(): InHand[]
}

/**
 * @param longestWaitMs how long a task may wait for a slot
 * @param onStuck called with all tasks, which are taken out, when the first has waited too long
 */
export function createHand(longestWaitMs: number, onStuck: (tasks: readonly InHand[]) => void): Hand {
  const waiting: InHand[] = []
  let timer: NodeJS.Timeout | undefined

  const look = (): void => {
    timer = undefined
    const [oldest] = waiting
    if (oldest === undefined) return
    const leftMs = oldest.since + longestWaitMs - performance.now()
    if (leftMs > 0) timer = setTimeout(look, leftMs)
    else onStuck(waiting.splice(0))
  }

  return {
    get size() {
      return waiting.length
    },
    get tasks() {
      return waiting.map(({ task }) => task)
    },
    put(tasks) {
      waiting.push(...tasks)
      timer ??= setTimeout(look, longestWaitMs)
    },
    next: () => waiting.shift(),
    drop(taskId, epoch) {
      const place = waiting.findIndex(({ task }) => task.id === taskId && task.epoch === epoch)
      return place < 0 ? undefined : waiting.splice(place, 1)[0]
    },
    empty() {
      clearTimeout(timer)
      timer = undefined
      return waiting.splice(0)
    },
  }
}
