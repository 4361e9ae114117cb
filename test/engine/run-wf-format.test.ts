import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { seededRandom } from '../support/random.ts'
import {
  criticalPathMs,
  type InstanceRunner,
  instanceRunner,
  orderProblems,
  taskGraphOf,
} from '../support/run-instance.ts'
import { sized } from '../support/size.ts'
import type { WfInstance } from '../workflow/import/wf-instance.ts'
import { diamondChains, forkJoin, randomLayers } from '../workflow/import/wf-shapes.ts'

/** More than any instance here has at a time. */
const SLOTS = 250
const TIMEOUT_MS = sized(60_000, 300_000)
/** Of the run times, 20 to 60 seconds each: tens of milliseconds, at full size hundreds. */
const TIME_SCALE = sized(0.001, 0.01)
/** How much longer than its critical path a run may take. The usual one bears a machine that does other things. */
const MOST_RATIO = sized(10, 1.3)

const random = seededRandom(1_500)
const runTime = (): number => 20 + random() * 40
const shapes: WfInstance[] = [
  forkJoin({ levels: 10, width: 100 }, runTime),
  diamondChains({ chains: 10, diamonds: 34 }, runTime),
  randomLayers(
    Array.from({ length: 20 }, () => 40 + Math.floor(random() * 25)),
    runTime,
    random,
  ),
]
/** Files in WfFormat 1.5 that are run too, such as those of the collection WfInstances: paths, separated by commas. */
const files = (process.env.WF_INSTANCES ?? '').split(',').filter((path) => path !== '')

let database: TestDatabase
let runner: InstanceRunner
beforeAll(async () => {
  database = await freshDatabase({ size: 16 })
  runner = await instanceRunner(database.pool, SLOTS)
})
afterAll(async () => {
  expect(await runner.stop()).toEqual([])
  await database.drop()
})

/** Runs it and checks the order. @returns how much longer it took than its critical path */
async function ratioOf(instance: WfInstance, timeScale: number): Promise<number> {
  const graph = taskGraphOf(instance, timeScale)
  const run = await runner.run(instance, timeScale, TIMEOUT_MS)
  expect(run.status).toBe('COMPLETED')
  expect(orderProblems(graph, run)).toEqual([])
  const pathMs = criticalPathMs(graph)
  const ratio = run.wallMs / pathMs
  const edges = [...graph.parents.values()].reduce((sum, { size }) => sum + size, 0)
  console.log(
    `${instance.name}: ${graph.parents.size} tasks, ${edges} edges, critical path ${pathMs} ms, took ${Math.round(run.wallMs)} ms: ${ratio.toFixed(3)} times as long`,
  )
  return ratio
}

describe('an instance of over a thousand tasks', () => {
  test.each(shapes.map((instance) => [instance.name, instance] as const))(
    'runs every parent to its end before its child, in about the time of its critical path: %s',
    async (_name, instance) => {
      expect(instance.workflow.specification.tasks.length).toBeGreaterThan(1_000)
      const ratio = await ratioOf(instance, TIME_SCALE)
      expect(ratio).toBeGreaterThanOrEqual(0.99)
      expect(ratio).toBeLessThan(MOST_RATIO)
    },
    TIMEOUT_MS + 10_000,
  )
})

describe.runIf(files.length > 0)('an instance of a file', () => {
  test.each(files.map((file) => [basename(file), file]))(
    'runs in order: %s',
    async (_name, file) => {
      const instance = JSON.parse(await readFile(file, 'utf8')) as WfInstance
      // Whatever was measured, about two seconds here.
      const timeScale = 2_000 / criticalPathMs(taskGraphOf(instance, 1))
      expect(await ratioOf(instance, timeScale)).toBeLessThan(sized(10, 1.3))
    },
    TIMEOUT_MS + 10_000,
  )
})

test('a child that starts before its parent has completed is seen, in the log and by its handler', () => {
  const parents = new Map([
    ['a', new Set<string>()],
    ['b', new Set(['a'])],
  ])
  const graph = { parents, durationMs: new Map() }
  const log = (...lines: string[]) =>
    lines.map((line) => ({ kind: `Step${line.split(' ')[1]}`, task: line.split(' ')[0]! }))
  const inOrder = ['a Started', 'a Completed', 'b Started', 'b Completed']
  const worked = new Map([
    ['a', { from: 0, to: 5 }],
    ['b', { from: 5, to: 9 }],
  ])
  expect(orderProblems(graph, { events: log(...inOrder), worked })).toEqual([])
  const early = log('a Started', 'b Started', 'a Completed', 'b Completed')
  expect(orderProblems(graph, { events: early, worked })).toEqual(['b started before a had completed'])
  const overlapping = new Map([...worked, ['b', { from: 4, to: 9 }]])
  expect(orderProblems(graph, { events: log(...inOrder), worked: overlapping })).toEqual([
    'the handler of b began before that of a had ended',
  ])
  const unfinished = log(...inOrder.slice(0, 3))
  expect(orderProblems(graph, { events: unfinished, worked })).toEqual(['b has not both started and completed'])
  const twice = log(...inOrder, 'b Started', 'b Completed')
  expect(orderProblems(graph, { events: twice, worked })).toContain('b has two events StepStarted')
})
