import { below, type Random } from '../../support/random.ts'
import type { WfInstance } from './wf-instance.ts'

/** A task of a shape: the earlier ones that it comes after, by their places. */
interface ShapedTask {
  readonly parents: readonly number[]
  readonly seconds: number
}

/** Draws the run time of a task, in seconds. */
type RunTime = () => number

/**
 * Levels of one task, `width` that come after it, and one that comes after those, which begins the next level.
 *
 * @returns `levels` × (`width` + 1) + 1 tasks
 */
export function forkJoin(size: { readonly levels: number; readonly width: number }, runTime: RunTime): WfInstance {
  const tasks: ShapedTask[] = [{ parents: [], seconds: runTime() }]
  for (let level = 0; level < size.levels; level++) {
    const fork = tasks.length - 1
    const wide = Array.from({ length: size.width }, () => tasks.push({ parents: [fork], seconds: runTime() }) - 1)
    tasks.push({ parents: wide, seconds: runTime() })
  }
  return instanceOf('fork-join', tasks)
}

/**
 * Chains side by side, each of diamonds: one task, two that come after it, one that comes after both, which begins the next diamond.
 *
 * @returns `chains` × (3 × `diamonds` + 1) tasks
 */
export function diamondChains(
  size: { readonly chains: number; readonly diamonds: number },
  runTime: RunTime,
): WfInstance {
  const tasks: ShapedTask[] = []
  for (let chain = 0; chain < size.chains; chain++) {
    tasks.push({ parents: [], seconds: runTime() })
    for (let diamond = 0; diamond < size.diamonds; diamond++) {
      const top = tasks.length - 1
      for (let side = 0; side < 2; side++) tasks.push({ parents: [top], seconds: runTime() })
      tasks.push({ parents: [top + 1, top + 2], seconds: runTime() })
    }
  }
  return instanceOf('diamond-chains', tasks)
}

/** Layers, each task after one of the layer before and up to three of any layer before: some edges leap over layers. */
export function randomLayers(widths: readonly number[], runTime: RunTime, random: Random): WfInstance {
  const tasks: ShapedTask[] = []
  let before: readonly number[] = []
  for (const width of widths) {
    const start = tasks.length
    const layer = Array.from({ length: width }, () => {
      const near = before.length === 0 ? [] : [before[below(random, before.length)]!]
      const far = start === 0 ? [] : Array.from({ length: below(random, 4) }, () => below(random, start))
      return tasks.push({ parents: [...new Set([...near, ...far])], seconds: runTime() }) - 1
    })
    before = layer
  }
  return instanceOf('random-layers', tasks)
}

function instanceOf(name: string, tasks: readonly ShapedTask[]): WfInstance {
  const idOf = (place: number): string => `${name}_${String(place).padStart(8, '0')}`
  const children = tasks.map((): string[] => [])
  for (const [place, { parents }] of tasks.entries()) for (const parent of parents) children[parent]!.push(idOf(place))
  return {
    name,
    description: `${tasks.length} tasks, made for a test`,
    createdAt: '2026-01-01T00:00:00Z',
    schemaVersion: '1.5',
    workflow: {
      specification: {
        tasks: tasks.map(({ parents }, place) => ({
          id: idOf(place),
          name,
          parents: parents.map(idOf),
          children: children[place]!,
          inputFiles: [],
          outputFiles: [],
        })),
        files: [],
      },
      execution: {
        makespanInSeconds: 0,
        executedAt: '2026-01-01T00:00:00Z',
        tasks: tasks.map(({ seconds }, place) => ({
          id: idOf(place),
          runtimeInSeconds: seconds,
          command: { program: 'simulated', arguments: [] },
          coreCount: 1,
          machines: [],
        })),
        machines: [],
      },
    },
  }
}
