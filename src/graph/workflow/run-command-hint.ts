/** What whoever asked a run for what it cannot do should know, or do instead. */
export function runCommandHint(from: string, command: string): string {
  const hasEnded = ['COMPLETED', 'FAILED', 'CANCELLED'].includes(from)
  switch (command) {
    case 'cancel':
      return 'It has ended: nothing of it is left to stop.'
    case 'pause':
      if (hasEnded) return 'It has ended: there is nothing to hold back.'
      return from === 'PAUSED' ? 'It is held back already.' : 'It waits for its turn: cancel it, or let it begin first.'
    case 'resume':
      return hasEnded ? 'It has ended: retry it, or fork it, to go on.' : 'It is not held back: it goes on by itself.'
    case 'retry':
      return from === 'COMPLETED'
        ? 'It did not fail: fork it to run steps of it again.'
        : 'It has not ended: wait for its end, or cancel it first.'
    default:
      return 'Read it again: it may have moved on meanwhile.'
  }
}
