import type { TaskStatus } from '../src/task/status.ts'

export const WIDTH = 1180
export const HEIGHT = 690
export const BOX = { width: 140, height: 44 } as const

/** Top left corner of each status's box. */
export const PLACES: Readonly<Record<TaskStatus, readonly [x: number, y: number]>> = {
  PENDING: [64, 152],
  SCHEDULED: [64, 296],
  READY: [396, 224],
  RETRYING: [396, 326],
  WAITING: [396, 428],
  PAUSED: [230, 546],
  RUNNING: [672, 224],
  FAILED: [992, 144],
  COMPLETED: [992, 224],
  CANCELLED: [992, 428],
  SKIPPED: [992, 546],
}

export interface Frame {
  readonly title: string
  readonly at: readonly [x: number, y: number]
  readonly size: readonly [width: number, height: number]
}

/** The columns. */
export const FRAMES: readonly Frame[] = [
  { title: 'waiting', at: [24, 96], size: [552, 516] },
  { title: 'running', at: [634, 96], size: [216, 516] },
  { title: 'finished', at: [954, 96], size: [202, 516] },
]

/** What can be paused and goes back where it was. */
export const PAUSABLE_FRAME: Frame = { title: '', at: [40, 132], size: [520, 362] }

/** An arrow between two boxes: its path, and where its label stands. */
export interface Arrow {
  readonly path: string
  readonly label: readonly [x: number, y: number]
}

/** Arrows between two statuses, by `from to`. */
export const ARROWS: Readonly<Record<string, Arrow>> = {
  'PENDING READY': { path: 'M204 174 C300 174 300 236 394 236', label: [296, 190] },
  'PENDING SCHEDULED': { path: 'M134 196 V294', label: [134, 248] },
  'SCHEDULED READY': { path: 'M204 308 C270 308 300 248 394 248', label: [262, 268] },
  'READY SCHEDULED': { path: 'M396 260 C340 268 320 326 206 326', label: [304, 322] },
  'RETRYING READY': { path: 'M482 326 V270', label: [482, 300] },
  'WAITING READY': { path: 'M396 450 C326 450 336 264 424 270', label: [348, 368] },
  'READY RUNNING': { path: 'M536 236 H670', label: [605, 226] },
  'RUNNING READY': { path: 'M672 256 H538', label: [605, 276] },
  'RUNNING RETRYING': { path: 'M692 268 C692 348 640 348 538 348', label: [646, 346] },
  'RUNNING WAITING': { path: 'M756 268 C756 450 700 450 538 450', label: [652, 447] },
  'RUNNING SCHEDULED': { path: 'M724 268 C724 400 640 400 500 400 H190 C150 400 134 390 134 342', label: [586, 399] },
  'RUNNING FAILED': { path: 'M812 236 C892 236 910 166 990 166', label: [900, 196] },
  'RUNNING COMPLETED': { path: 'M812 248 H990', label: [896, 248] },
  'RUNNING CANCELLED': { path: 'M812 258 C912 268 892 444 990 444', label: [902, 356] },
}

/**
 * Arrows that many statuses share, drawn once from or to the frame around them. `isPart` says which moves one of them
 * stands for; its label names the commands of those moves.
 */
export interface Lane extends Arrow {
  isPart(from: TaskStatus, to: TaskStatus): boolean
  /** Said behind the commands. */
  readonly remark?: string
}

const WAITS: readonly TaskStatus[] = ['PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING']
const isWaiting = (status: TaskStatus): boolean => status === 'PAUSED' || WAITS.includes(status)
const isOver = (status: TaskStatus): boolean => ['FAILED', 'CANCELLED', 'SKIPPED'].includes(status)

export const LANES: readonly Lane[] = [
  {
    path: 'M1104 96 V28 H466 V222',
    label: [786, 28],
    isPart: (from, to) => isOver(from) && to === 'READY',
    remark: '(never of COMPLETED)',
  },
  {
    path: 'M466 28 H134 V150',
    label: [300, 28],
    isPart: (from, to) => isOver(from) && to === 'PENDING',
  },
  { path: 'M540 96 V62 H1062 V142', label: [786, 62], isPart: (from, to) => isWaiting(from) && to === 'FAILED' },
  {
    path: 'M340 612 V666 H1172 V450 H1134',
    label: [742, 666],
    isPart: (from, to) => isWaiting(from) && to === 'CANCELLED',
  },
  { path: 'M440 612 V638 H1062 V592', label: [742, 638], isPart: (from, to) => isWaiting(from) && to === 'SKIPPED' },
  { path: 'M268 494 V544', label: [268, 522], isPart: (from, to) => WAITS.includes(from) && to === 'PAUSED' },
  { path: 'M332 546 V496', label: [332, 522], isPart: (from, to) => from === 'PAUSED' && WAITS.includes(to) },
]
