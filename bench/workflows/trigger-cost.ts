import { Client } from 'pg'
import { percentile } from '../field/percentile.ts'
import type { Ground } from '../ground.ts'
import { inOwnProcess } from '../in-own-process.ts'

/** What it costs tasks that belong to no run that the ends of tasks reach their runs by a trigger. */
export interface TriggerCost {
  readonly tasks: number
  readonly rounds: number
  /** Medians over the rounds, in tasks a second. */
  readonly withTrigger: number
  readonly withoutTrigger: number
}

/** Plain tasks with and without the trigger, in turns, so that a machine that slows down slows down both. */
export async function measureTriggerCost(
  ground: Ground,
  { tasks, rounds }: { tasks: number; rounds: number },
): Promise<TriggerCost> {
  const found: { readonly [Key in 'with' | 'without']: number[] } = { with: [], without: [] }
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) {
      const url = await ground.freshDatabase()
      if (which === 'without') await dropTrigger(url)
      const { perSecond } = await inOwnProcess({ url, tasks, slots: 100 })
      found[which].push(perSecond)
    }
  }
  return {
    tasks,
    rounds,
    withTrigger: percentile(found.with, 0.5),
    withoutTrigger: percentile(found.without, 0.5),
  }
}

async function dropTrigger(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('DROP TRIGGER "task_end_reaches_its_run" ON "task"')
  await client.end()
}
