import { z } from 'zod'
import { MAX_NAME_LENGTH, MAX_STEPS } from '../definition/bounds.ts'
import type { Step } from '../definition/definition.ts'
import { createNotes, type Imported, type UnmappedNotes } from './imported.ts'
import { createStepIds } from './step-ids.ts'

/** How an instance becomes a workflow of simulated tasks. */
export interface WfFormatOptions {
  /** Type of the tasks; its input is `{ durationMs, program }`. Default: `simulated_work`. */
  readonly taskType?: string
  /** Factor of the measured run times: 0.001 makes milliseconds of seconds. Default: 1. */
  readonly timeScale?: number
  /** Default: that of workflows, 10. */
  readonly maxParallelSteps?: number
}

const Instance = z.object({
  name: z.string().min(1),
  description: z.string().optional(),
  schemaVersion: z.literal('1.5', { error: 'is not 1.5, the version of the format that is read' }),
  workflow: z.object({
    specification: z.object({
      tasks: z
        .array(
          z.object({
            id: z.string().min(1),
            name: z.string(),
            parents: z.array(z.string()),
            children: z.array(z.string()),
            inputFiles: z.array(z.string()).optional(),
            outputFiles: z.array(z.string()).optional(),
          }),
        )
        .min(1)
        .max(MAX_STEPS, {
          error: `has more than ${MAX_STEPS.toLocaleString('en-US')} tasks, the most steps of a workflow`,
        }),
      files: z.array(z.unknown()).optional(),
    }),
    execution: z
      .object({
        makespanInSeconds: z.number().optional(),
        tasks: z.array(
          z.object({
            id: z.string(),
            runtimeInSeconds: z.number().nonnegative(),
            command: z.object({ program: z.string().optional() }).optional(),
            coreCount: z.number().optional(),
            memoryInBytes: z.number().optional(),
            machines: z.array(z.string()).optional(),
          }),
        ),
        machines: z.array(z.unknown()).optional(),
      })
      .optional(),
  }),
})

type Instance = z.infer<typeof Instance>
type Problem = { readonly path: readonly (string | number)[]; readonly message: string }

const MAX_PROGRAM_LENGTH = 200

/**
 * A workflow of simulated tasks from an instance in WfCommons' WfFormat 1.5: a task for each of the instance, after its parents, that takes as
 * long as was measured.
 *
 * @see https://github.com/wfcommons/WfFormat
 */
export function importWfFormat(value: unknown, options: WfFormatOptions = {}): Imported {
  const read = Instance.safeParse(value)
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => ({ path: path as (string | number)[], message }))
    return { ok: false, problems }
  }
  const instance = read.data
  const problems = checkGraph(instance)
  if (problems.length > 0) return { ok: false, problems }
  const notes = createNotes()
  noteUnmapped(instance, notes)
  const { maxParallelSteps } = options
  const name = instance.name.replaceAll(/[^\w.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  const definition = {
    name: name.slice(0, MAX_NAME_LENGTH) || 'instance',
    ...(instance.description !== undefined && { description: instance.description.slice(0, 10_000) }),
    ...(maxParallelSteps !== undefined && { limits: { maxParallelSteps } }),
    steps: stepsOf(instance, options, notes),
  }
  return { ok: true, definition, unmapped: notes.list() }
}

const TASKS = ['workflow', 'specification', 'tasks']

function checkGraph({ workflow }: Instance): Problem[] {
  const { tasks } = workflow.specification
  const problems: Problem[] = []
  const ids = new Set<string>()
  for (const [at, { id }] of tasks.entries()) {
    if (ids.has(id)) problems.push({ path: [...TASKS, at, 'id'], message: `"${id}" is the id of another task` })
    ids.add(id)
  }
  for (const [at, task] of tasks.entries())
    for (const field of ['parents', 'children'] as const)
      for (const [place, id] of task[field].entries())
        if (!ids.has(id)) problems.push({ path: [...TASKS, at, field, place], message: `there is no task "${id}"` })
  return problems
}

function stepsOf({ workflow }: Instance, options: WfFormatOptions, notes: UnmappedNotes): Step[] {
  const { taskType = 'simulated_work', timeScale = 1 } = options
  const { tasks } = workflow.specification
  const newId = createStepIds()
  const stepIds = new Map(tasks.map(({ id }) => [id, newId(id)]))
  const measured = new Map((workflow.execution?.tasks ?? []).map((task) => [task.id, task]))
  const parents = parentsOf(tasks)
  return tasks.map(({ id, name }, at) => {
    const execution = measured.get(id)
    if (execution === undefined) notes.note([...TASKS, at], 'a task without a measured run time takes none')
    const program = execution?.command?.program?.slice(0, MAX_PROGRAM_LENGTH)
    const after = [...parents.get(id)!].map((parent) => stepIds.get(parent)!)
    return {
      id: stepIds.get(id)!,
      type: 'TASK',
      name: name.slice(0, 500) || id,
      task: taskType,
      input: {
        durationMs: Math.round((execution?.runtimeInSeconds ?? 0) * 1_000 * timeScale),
        ...(program !== undefined && { program: program.replaceAll('${{', '$ {{') }),
      },
      ...(after.length > 0 && { after }),
    }
  })
}

/** Either side may say it. */
function parentsOf(tasks: Instance['workflow']['specification']['tasks']): ReadonlyMap<string, ReadonlySet<string>> {
  const parents = new Map(tasks.map((task) => [task.id, new Set(task.parents)]))
  for (const { id, children } of tasks) for (const child of children) parents.get(child)!.add(id)
  return parents
}

function noteUnmapped({ workflow }: Instance, notes: UnmappedNotes): void {
  const { specification, execution } = workflow
  for (const [at, task] of specification.tasks.entries())
    if ((task.inputFiles?.length ?? 0) + (task.outputFiles?.length ?? 0) > 0)
      notes.note([...TASKS, at], 'files that a task reads and writes: nothing is moved, tasks are simulated')
  if ((specification.files?.length ?? 0) > 0)
    notes.note(['workflow', 'specification', 'files'], 'sizes of files: nothing is moved, tasks are simulated')
  for (const [at, task] of (execution?.tasks ?? []).entries()) {
    const path = ['workflow', 'execution', 'tasks', at]
    if (task.command?.program !== undefined)
      notes.note([...path, 'command'], 'the program of a task: it is told in the input, and not run')
    if (task.coreCount !== undefined || task.memoryInBytes !== undefined)
      notes.note(path, 'cores and memory that a task used: they are not asked of the worker')
    if (task.machines !== undefined) notes.note([...path, 'machines'], 'the machine that ran a task: any worker may')
  }
  if (execution?.machines !== undefined)
    notes.note(['workflow', 'execution', 'machines'], 'the machines of the measured run')
  if (execution?.makespanInSeconds !== undefined)
    notes.note(['workflow', 'execution', 'makespanInSeconds'], 'the time of the measured run as a whole')
}
