import type { TaskResources } from '../../task/resources.ts'
import { builder } from '../builder.ts'

const NamedAmount = builder.objectRef<{ name: string; amount: number }>('NamedAmount').implement({
  description: 'So much of a resource with a name of its own.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the resource.' }),
    amount: t.exposeFloat('amount', { description: 'How much, above 0.' }),
  }),
})

/** The graph's view of resources. */
export const ResourcesType = builder.objectRef<TaskResources>('Resources').implement({
  description: 'Amounts of what workers have and tasks take; null where nothing is said, which is as good as 0.',
  fields: (t) => ({
    cpuCores: t.float({ nullable: true, description: 'Processor cores.', resolve: ({ cpuCores }) => cpuCores }),
    memoryMb: t.float({ nullable: true, description: 'Memory in megabytes.', resolve: ({ memoryMb }) => memoryMb }),
    gpu: t.float({ nullable: true, description: 'Graphics processors.', resolve: ({ gpu }) => gpu }),
    diskMb: t.float({ nullable: true, description: 'Disk space in megabytes.', resolve: ({ diskMb }) => diskMb }),
    networkMbps: t.float({
      nullable: true,
      description: 'Network bandwidth in megabits per second.',
      resolve: ({ networkMbps }) => networkMbps,
    }),
    custom: t.field({
      type: [NamedAmount],
      description: 'Resources with names of their own, by name.',
      resolve: ({ custom = {} }) =>
        Object.entries(custom)
          .map(([name, amount]) => ({ name, amount }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
    }),
  }),
})
