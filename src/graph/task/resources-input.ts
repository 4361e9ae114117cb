import type { TaskResources } from '../../task/resources.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { present } from './present.ts'

const NamedAmountInput = builder.inputType('NamedAmountInput', {
  description: 'So much of a resource with a name of its own.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Name of the resource: lower case letters, digits and _ . - after a letter, up to 63.',
    }),
    amount: t.float({ required: true, description: 'How much: 0, or 0.001 to 1,000,000,000.' }),
  }),
})

const PoolSlotsInput = builder.inputType('PoolSlotsInput', {
  description: 'Slots of one pool.',
  fields: (t) => ({
    pool: t.string({ required: true, description: 'Name of the pool.' }),
    slots: t.int({ required: true, description: 'How many of its slots, at least 0.' }),
  }),
})

type Fields = Parameters<NonNullable<Parameters<typeof builder.inputType>[1]['fields']>>[0]

const amounts = (t: Fields) => ({
  cpuCores: t.float({ description: 'Processor cores, up to 100,000.' }),
  memoryMb: t.float({ description: 'Memory in megabytes, up to 1,000,000,000.' }),
  gpu: t.float({ description: 'Graphics processors, up to 100,000.' }),
  diskMb: t.float({ description: 'Disk space in megabytes, up to 100,000,000,000.' }),
  networkMbps: t.float({ description: 'Network bandwidth in megabits per second, up to 1,000,000,000.' }),
  custom: t.field({ type: [NamedAmountInput], description: 'Up to 20 resources with names of your own, each once.' }),
})

export const ResourcesInput = builder.inputType('ResourcesInput', {
  description:
    'What the task takes while it runs: each 0, or 0.001 and more; as its type says where it is absent. It counts as up to a tenth more: the next round size.',
  fields: (t) => ({
    pools: t.field({
      type: [PoolSlotsInput],
      description: 'Slots of pools, which all workers share; those of the type when absent.',
    }),
    ...amounts(t),
  }),
})

export const WorkerResourcesInput = builder.inputType('WorkerResourcesInput', {
  description: 'What the tasks of a worker may take together: each 0, or 0.001 and more. What is absent it has not.',
  fields: amounts,
})

/**
 * @param path where the input stands in the arguments
 * @throws InvalidInput when a custom resource is named twice
 */
export function resourcesOf(
  { custom, ...known }: typeof WorkerResourcesInput.$inferInput,
  path: readonly (string | number)[],
): TaskResources {
  const names = new Set<string>()
  for (const [index, { name }] of (custom ?? []).entries()) {
    if (names.has(name))
      throw new InvalidInput([{ path: [...path, 'custom', index, 'name'], message: `"${name}" is there twice` }])
    names.add(name)
  }
  return {
    ...present(known),
    ...(custom != null && { custom: Object.fromEntries(custom.map(({ name, amount }) => [name, amount])) }),
  }
}
