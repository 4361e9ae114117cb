import type { RunBlocker } from '../../workflow/run/explain-run.ts'

/** The reason as a sentence. */
export function describeBlocker(blocker: RunBlocker): string {
  switch (blocker.kind) {
    case 'ROOM':
      return 'As many runs as the workflow allows are under way; it waits its turn.'
    case 'PAUSE':
      return 'It was paused by hand; resume it to let new steps start.'
    case 'TASK':
      return `The task of ${blocker.path} is under way.`
    case 'CHILD_RUN':
      return `The run that ${blocker.path} started is under way.`
    case 'STOP':
      return `${blocker.path} was told to stop, and what it started has not stopped yet.`
    case 'TIME':
      return `${blocker.path} waits until ${blocker.until.toISOString()}.`
    case 'RETRY': {
      const { path, attempt, error, until } = blocker
      return `${path} failed in attempt ${attempt} (${error.code}) and tries again at ${until.toISOString()}.`
    }
    case 'EVENT':
      return `${blocker.path} waits for the event "${blocker.key}"${orUntil(blocker.until)}.`
    case 'CALLBACK':
      return `${blocker.path} waits for its one-time URL to be called${orUntil(blocker.until)}.`
    case 'APPROVAL': {
      const { path, decisions, until } = blocker
      const approved = decisions.filter((decision) => decision.approved).length
      const soFar = decisions.length === 0 ? 'nobody has answered' : `${approved} of ${decisions.length} have approved`
      return `${path} waits for people to answer, ${soFar} so far${orUntil(until)}.`
    }
    case 'RUN_LIMIT':
      return `${blocker.path} waits: the run lets ${blocker.limit} steps work at a time.`
    case 'HOLDER_LIMIT':
      return `${blocker.path} waits: ${blocker.holder} lets ${blocker.limit} of its steps work at a time.`
    case 'ELEMENTS':
      return `${blocker.count} elements of ${blocker.path} wait: ${blocker.limit} are worked on at a time.`
    case 'STEPS':
      return `${blocker.path} comes after ${blocker.after.join(', ')}.`
    default:
      return blocker satisfies never
  }
}

function orUntil(until: Date | null): string {
  return until === null ? '' : `, until ${until.toISOString()} at the latest`
}
