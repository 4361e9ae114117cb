/** A task of an instance in WfFormat 1.5. */
interface InstanceTask {
  readonly id: string
  readonly name: string
  readonly parents: string[]
  readonly children: string[]
  readonly inputFiles: string[]
  readonly outputFiles: string[]
}

/** An instance in WfFormat 1.5, as tools of WfCommons write it. */
export interface WfInstance {
  readonly name: string
  readonly description: string
  readonly createdAt: string
  readonly schemaVersion: string
  readonly workflow: {
    readonly specification: { readonly tasks: InstanceTask[]; readonly files: { id: string; sizeInBytes: number }[] }
    readonly execution: {
      readonly makespanInSeconds: number
      readonly executedAt: string
      readonly tasks: {
        id: string
        runtimeInSeconds: number
        command: { program: string; arguments: string[] }
        coreCount: number
        machines: string[]
      }[]
      readonly machines: { nodeName: string }[]
    }
  }
}

/**
 * An instance whose tasks stand in layers, each after some of the layer before: the shape of most scientific workflows.
 *
 * @param widths tasks of each layer
 * @param random numbers from 0 to 1
 */
export function makeWfInstance(widths: readonly number[], random: () => number): WfInstance {
  const layers = widths.map((width, layer) =>
    Array.from({ length: width }, (_, at) => `step.${layer}/task ${String(at).padStart(4, '0')}`),
  )
  const tasks = new Map<string, InstanceTask>()
  for (const [layer, ids] of layers.entries())
    for (const id of ids) {
      const before = layer === 0 ? [] : layers[layer - 1]!
      const first = Math.floor(random() * before.length)
      const parents = before.filter((_, at) => at === first || random() < 2 / before.length)
      tasks.set(id, { id, name: `step.${layer}`, parents, children: [], inputFiles: [], outputFiles: [`${id}.out`] })
      for (const parent of parents) {
        tasks.get(parent)!.children.push(id)
        tasks.get(id)!.inputFiles.push(`${parent}.out`)
      }
    }
  const all = [...tasks.values()]
  const runtimes = all.map(() => Math.round(random() * 1_000) / 100)
  return {
    name: 'layers of tasks',
    description: 'Made for a test',
    createdAt: '2026-01-01T00:00:00Z',
    schemaVersion: '1.5',
    workflow: {
      specification: { tasks: all, files: all.map(({ id }) => ({ id: `${id}.out`, sizeInBytes: 1_000 })) },
      execution: {
        makespanInSeconds: 100,
        executedAt: '2026-01-01T00:00:00Z',
        tasks: all.map(({ id }, at) => ({
          id,
          runtimeInSeconds: runtimes[at]!,
          command: { program: 'cat ${{ in }}', arguments: [] },
          coreCount: 1,
          machines: ['one'],
        })),
        machines: [{ nodeName: 'one' }],
      },
    },
  }
}
