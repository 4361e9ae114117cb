import { expect, it } from 'vitest'
import { seededRandom } from '../support/random.ts'
import { sized } from '../support/size.ts'
import { fleetProblems } from './check-fleet.ts'
import { TROUBLES } from './monkey.ts'
import { runFleet } from './run-fleet.ts'
import { ownTree } from './source-tree.ts'
import { summaryOf } from './summary.ts'
import { planWorkload } from './workload.ts'

it(
  'four workers and two schedulers that are killed, frozen and drained at random keep every limit and end every task once',
  async () => {
    const random = seededRandom(8)
    const run = await runFleet({
      source: ownTree.path,
      random,
      plan: planWorkload(random, sized(500, 10_000)),
      mostOpen: 200,
      troubles: TROUBLES,
      pace: sized(25, 60),
      isHardOnSchedulers: true,
      stallMs: 30_000,
    })
    console.log(summaryOf(run))
    expect(fleetProblems(run.history)).toEqual([])
  },
  sized(180_000, 1_800_000),
)
