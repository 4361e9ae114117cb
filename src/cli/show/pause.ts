import type { PauseFieldsFragment } from '../../sdk/generated/operations.ts'
import type { Terminal } from '../terminal.ts'
import { clean } from './text.ts'
import { showRelative } from './times.ts'

/** What is held, since when, by whom and why, on one line. */
export function showPause(
  { scope, name, since, reason, pausedBy }: PauseFieldsFragment,
  { now }: Pick<Terminal, 'now'>,
): string {
  const what = scope === 'ALL' ? 'everything' : `${scope.toLowerCase()} ${clean(name ?? '')}`
  const by = pausedBy === null ? '' : ` by ${clean(pausedBy)}`
  return `${what}, ${showRelative(since, now())}${by}${reason === null ? '' : `: ${clean(reason)}`}`
}
