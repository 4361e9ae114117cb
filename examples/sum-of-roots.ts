import type { HandledTask, HandlerContext } from '../src/remote-worker/worker.ts'

// A handler in a file of its own: examples/worker.ts runs it in a worker thread.

export function handler({ input }: HandledTask<{ below: number }>, { progress }: HandlerContext): { sum: number } {
  let sum = 0
  for (let n = 1; n < input.below; n++) {
    sum += Math.sqrt(n)
    if (n % 10_000_000 === 0) progress(n / input.below)
  }
  return { sum }
}
