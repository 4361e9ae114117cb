/** How a subscription goes on after a cut without losing or repeating anything. */
export interface ResumeRule {
  /** The variables that ask for what comes after `item`. */
  advance(variables: object, item: unknown): object
  /** Whether the consumer has had this already. */
  isRepeated(item: unknown, last: unknown): boolean
  /** Whether nothing comes after this item. */
  isLast(item: unknown): boolean
  /** Whether the server's word that it is over ends it after `last`; otherwise it is a cut like any other. */
  mayEnd(last: unknown): boolean
}

/** Batches with a cursor: the next question moves `after` forward. */
const byCursor: ResumeRule = {
  advance: (variables, item) => (hasCursor(item) ? { ...variables, after: item.cursor } : variables),
  isRepeated: () => false,
  isLast: (item) => isOfType(item, 'CursorExpired'),
  mayEnd: () => true,
}

/** The log of events has no end: a server that says so is stopping. */
const events: ResumeRule = { ...byCursor, mayEnd: () => false }

/**
 * States of one task: the server begins with the present one again, which is dropped when the consumer has seen it. Why it waits
 * changes without the task: that is news of the same version.
 */
const taskUpdated: ResumeRule = {
  advance: (variables) => variables,
  isRepeated: (item, last) =>
    isTask(item) &&
    isTask(last) &&
    (item.version < last.version || (item.version === last.version && isSame(item, last))),
  isLast: (item) => isTask(item) && isFinished(item.status),
  mayEnd: () => false,
}

/** States of one run: `seq` goes up whenever it or a step of it moves. */
const workflowRunUpdated: ResumeRule = {
  advance: (variables) => variables,
  isRepeated: (item, last) => isRun(item) && isRun(last) && item.seq <= last.seq,
  isLast: (item) => isRun(item) && isFinished(item.status),
  mayEnd: () => false,
}

/** The rule of a subscription by its field; null when it cannot be resumed. */
export function resumeRuleOf(field: string): ResumeRule | null {
  switch (field) {
    case 'events':
      return events
    case 'taskLog':
      return byCursor
    case 'taskUpdated':
      return taskUpdated
    case 'workflowRunUpdated':
      return workflowRunUpdated
    default:
      return null
  }
}

/** Whether a task of this status has ended. */
export function isFinished(status: string): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED' || status === 'SKIPPED'
}

function hasCursor(item: unknown): item is { readonly cursor: string } {
  return typeof item === 'object' && item !== null && 'cursor' in item && typeof item.cursor === 'string'
}

function isOfType(item: unknown, name: string): boolean {
  return typeof item === 'object' && item !== null && '__typename' in item && item.__typename === name
}

/** Two answers to one document name their fields in one order. */
function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function isTask(item: unknown): item is { readonly version: number; readonly status: string } {
  return typeof item === 'object' && item !== null && 'version' in item && 'status' in item
}

function isRun(item: unknown): item is { readonly seq: number; readonly status: string } {
  return typeof item === 'object' && item !== null && 'seq' in item && 'status' in item
}
