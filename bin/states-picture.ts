import { COMMANDS, type CommandKind, MOVES } from '../src/task/moves.ts'
import { isFinished, TASK_STATUSES, type TaskStatus } from '../src/task/status.ts'
import { type Edge, edges } from './states-document.ts'
import {
  ARROWS,
  type Arrow,
  BOX,
  FRAMES,
  type Frame,
  HEIGHT,
  LANES,
  PAUSABLE_FRAME,
  PLACES,
  WIDTH,
} from './states-layout.ts'

const WAITING: readonly TaskStatus[] = ['PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED']

/**
 * docs/states.svg: the table of moves as a picture, in colours that follow the reader's light or dark scheme.
 *
 * @throws Error when the table has a move that the layout has no arrow for
 */
export function statesPicture(): string {
  const all = edges()
  const single = all.filter(({ from, to }) => ARROWS[`${from} ${to}`] !== undefined)
  const shared = LANES.map((lane) => ({ lane, parts: all.filter(({ from, to }) => lane.isPart(from, to)) }))
  const drawn = new Set<Edge>([...single, ...shared.flatMap(({ parts }) => parts)])
  const missing = all.find((edge) => !drawn.has(edge))
  if (missing) throw new Error(`Give ${missing.from} → ${missing.to} an arrow in bin/states-layout.ts`)
  const arrows: [Arrow, string][] = [
    ...single.map(({ from, to, commands }): [Arrow, string] => [ARROWS[`${from} ${to}`]!, commands.join(' · ')]),
    ...shared.map(({ lane, parts }): [Arrow, string] => [lane, [labelOf(parts), lane.remark].join(' ').trim()]),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">
<title id="title">Statuses of a task and the moves between them</title>
${STYLE}
<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="16"/>
${FRAMES.map((frame) => drawFrame(frame, 'column')).join('\n')}
${drawFrame(PAUSABLE_FRAME, 'group')}
${arrows.map(([{ path }]) => `<path class="arrow" d="${path}" marker-end="url(#tip)"/>`).join('\n')}
${TASK_STATUSES.map(drawBox).join('\n')}
${arrows.map(([{ label }, text]) => drawLabel(label, text)).join('\n')}
<text class="note" x="36" y="640">* a dependency cannot be met:</text>
<text class="note" x="36" y="658">from PENDING and PAUSED, by its rule</text>
</svg>
`
}

/** The commands of arrows that are drawn as one; those that only some of them have carry a star. */
function labelOf(parts: readonly Edge[]): string {
  const inAll = (command: CommandKind): boolean => parts.every(({ commands }) => commands.includes(command))
  return COMMANDS.filter((command) => parts.some(({ commands }) => commands.includes(command)))
    .map((command) => (inAll(command) && !isByRule(command, parts) ? command : `${command}*`))
    .sort((a, b) => Number(a.endsWith('*')) - Number(b.endsWith('*')))
    .join(' · ')
}

/** Whether a command takes a waiting task to its end only when a dependency cannot be met. */
function isByRule(command: CommandKind, parts: readonly Edge[]): boolean {
  return command === 'settle' && parts.some(({ from, to }) => isFinished(to) && MOVES[from][command] !== undefined)
}

function drawFrame({ title, at: [x, y], size: [width, height] }: Frame, kind: string): string {
  const rect = `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="14"/>`
  return title === '' ? rect : `${rect}\n<text class="heading" x="${x + 16}" y="${y + 24}">${title}</text>`
}

function drawBox(status: TaskStatus): string {
  const [x, y] = PLACES[status]
  const kind = WAITING.includes(status) ? 'waiting' : isFinished(status) ? status.toLowerCase() : 'running'
  return `<rect class="box ${kind}" x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="10"/>
<text class="status" x="${x + BOX.width / 2}" y="${y + BOX.height / 2 + 5}">${status}</text>`
}

function drawLabel([x, y]: readonly [number, number], text: string): string {
  return `<text class="label" x="${x}" y="${y + 4}">${text}</text>`
}

const STYLE = `<style>
  svg { --page: #ffffff; --column: #f6f7f9; --line: #d5d9e0; --ink: #1f2933; --soft: #616e7c; --arrow: #7b8794;
    --waiting: #e8eefc; --waiting-line: #8ba6e0; --running: #fdf1d6; --running-line: #d9a93a;
    --good: #def3e4; --good-line: #58ad74; --bad: #fbe3e2; --bad-line: #d97a74; --over: #e9ebef; --over-line: #a3adba; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #12161c; --column: #1a2028; --line: #303945; --ink: #e6eaf0; --soft: #9aa5b4; --arrow: #7f8b9b;
      --waiting: #1f2c48; --waiting-line: #5d7cc2; --running: #3c311a; --running-line: #c0953a;
      --good: #1b3526; --good-line: #4c9a66; --bad: #3e2322; --bad-line: #c4665f; --over: #272e38; --over-line: #66717f; }
  }
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink); }
  .page { fill: var(--page); }
  .column { fill: var(--column); stroke: var(--line); }
  .group { fill: none; stroke: var(--line); stroke-width: 1.5; stroke-dasharray: 5 5; }
  .heading { font-size: 15px; font-weight: 600; fill: var(--soft); letter-spacing: 0.04em; }
  .box { stroke-width: 1.5; fill: var(--over); stroke: var(--over-line); }
  .waiting { fill: var(--waiting); stroke: var(--waiting-line); }
  .running { fill: var(--running); stroke: var(--running-line); }
  .completed { fill: var(--good); stroke: var(--good-line); }
  .failed { fill: var(--bad); stroke: var(--bad-line); }
  .status { font-size: 14px; font-weight: 600; text-anchor: middle; letter-spacing: 0.03em; }
  .arrow { fill: none; stroke: var(--arrow); stroke-width: 1.6; stroke-linejoin: round; }
  .tip { fill: var(--arrow); }
  .label { font-size: 13px; text-anchor: middle; paint-order: stroke; stroke: var(--column); stroke-width: 6px; stroke-linejoin: round; }
  .note { font-size: 12px; fill: var(--soft); }
</style>
<defs><marker id="tip" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0.8 L9 5 L0 9.2 Z"/></marker></defs>`
