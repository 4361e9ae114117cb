import { COMMANDS, type CommandKind, MOVES } from '../src/task/moves.ts'
import { TASK_STATUSES, type TaskStatus } from '../src/task/status.ts'

const STATUS_MEANINGS: Readonly<Record<TaskStatus, string>> = {
  PENDING: 'Waits for other tasks. Nobody may claim it.',
  SCHEDULED: 'Waits for the time it was asked to start at.',
  READY: 'May be claimed; stands in the claim order.',
  RUNNING: 'A worker holds its lease and runs an attempt.',
  RETRYING: 'An attempt failed; waits for its back-off.',
  WAITING:
    'Parked by its handler, without slot and lease, until a time or an event from outside; its attempt stays open.',
  PAUSED: 'Taken out of the queue by hand; goes back to what it waited for.',
  COMPLETED: 'Ended with success. Nothing changes it any more.',
  FAILED: 'Ended with an error that no retry was left for.',
  CANCELLED: 'Ended because somebody said so.',
  SKIPPED: 'Ended because a dependency cannot be met any more.',
}

const COMMAND_MEANINGS: Readonly<Record<CommandKind, string>> = {
  claim: 'A worker takes it: the epoch goes up, an attempt opens or, after a park, goes on.',
  progress: 'The handler says how far it is; also its sign of life.',
  complete: 'The handler ended with success.',
  fail: 'The handler failed: a back-off by the retry policy, or the end when no attempt is left or the error forbids it.',
  lose: 'Its worker is gone: back to the queue, or the end after the tenth loss.',
  release: 'The worker gives it back unfinished; this is no failure.',
  park: 'The handler gives up its slot until a time or an event from outside; READY when that had come before.',
  wake: 'Its time has come: a start, the end of a back-off or park, or a time-out (queue, attempt, heartbeat, total).',
  signal: 'The event it is parked for has come; one that is paused takes it too.',
  settle:
    'Tasks it depends on have ended: one less to wait for, or its end by the rule of a dependency that cannot be met.',
  cancel: 'Ends it, as far as it has not ended; a running handler gets its abort signal.',
  pause: 'Takes it out of the queue.',
  resume: 'Puts it back; times that passed meanwhile count as reached.',
  retry: 'By hand: runs it once more, with its whole retry policy before it; in a back-off, at once.',
  update: 'Changes its priority, start time, name, tags or labels; a new start time may move it.',
  overdue: 'Its deadline has passed: it is flagged, and goes on as before.',
}

/** docs/states.md: the table of moves in words, and as a diagram. */
export function statesDocument(): string {
  return `# Statuses of a task, and the moves between them

Printed from [src/task/moves.ts](../src/task/moves.ts) by \`npm run states\`; do not edit.

![The statuses in three columns, waiting, running and finished, with an arrow for each move](states.svg)

Every status × every command has a defined answer: the statuses that may follow, or a typed refusal that changes nothing.
A worker's command (progress, complete, fail, lose, release, park) carries the epoch of its lease. When the lease is
over it is refused as \`STALE_LEASE\`; any other command that has no place in the table as \`ILLEGAL_TRANSITION\`.

## Statuses

${table([['status', 'meaning'], ...TASK_STATUSES.map((status) => [status, STATUS_MEANINGS[status]])])}

## Commands

${table([['command', 'meaning'], ...COMMANDS.map((command) => [command, COMMAND_MEANINGS[command]])])}

## Moves

What may follow, by status (left) and command. Where a command is not listed it is refused.

${table([['status', 'command', 'may be followed by'], ...TASK_STATUSES.flatMap(movesOf)])}

## As a diagram

\`\`\`mermaid
stateDiagram-v2
  direction LR
${BIRTHS.map((status) => `  [*] --> ${status}: create`).join('\n')}
${edges()
  .map(({ from, to, commands }) => `  ${from} --> ${to}: ${commands.join(', ')}`)
  .join('\n')}
  COMPLETED --> [*]
\`\`\`
`
}

/** Where a task may begin. */
export const BIRTHS: readonly TaskStatus[] = ['PENDING', 'SCHEDULED', 'READY']

/** One arrow: all commands that lead from one status to another. */
export interface Edge {
  readonly from: TaskStatus
  readonly to: TaskStatus
  readonly commands: readonly CommandKind[]
}

/** Every move that changes the status, one arrow for each pair of statuses. */
export function edges(): Edge[] {
  return TASK_STATUSES.flatMap((from) =>
    TASK_STATUSES.flatMap((to): Edge[] => {
      const commands = COMMANDS.filter((command) => from !== to && MOVES[from][command]?.includes(to))
      return commands.length === 0 ? [] : [{ from, to, commands }]
    }),
  )
}

function movesOf(status: TaskStatus): string[][] {
  const commands = COMMANDS.filter((command) => MOVES[status][command] !== undefined)
  if (commands.length === 0) return [[`**${status}**`, 'none', '']]
  return commands.map((command, index) => {
    const targets = MOVES[status][command]!.map((target) => (target === status ? `${target} (stays)` : target))
    return [index === 0 ? `**${status}**` : '', command, targets.join(', ')]
  })
}

/** A Markdown table, its first row the heading, with columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const [heading, ...body] = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column]!))))
  return [heading, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n')
}
