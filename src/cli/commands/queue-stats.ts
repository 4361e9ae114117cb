import type { Command } from 'commander'
import type { RunCall } from '../call.ts'
import { showQueueStats } from '../show/queue-stats.ts'

/** `queue stats` */
export function addQueueStats(queue: Command, run: RunCall): void {
  queue
    .command('stats')
    .description('Count what waits and runs: by queue, status, type, priority and age')
    .option('--queue <queue>', 'only this queue')
    .addHelpText('after', '\nA count with a + was not counted to the end: there are at least so many.')
    .action((options: { queue?: string }) =>
      run(async (call) => {
        const stats = await call.client.readQueueStats(options, { signal: call.terminal.interrupted })
        if (call.isJson) call.json(stats)
        else call.line(showQueueStats(stats, call.terminal))
      }),
    )
}
