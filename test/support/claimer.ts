import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface ClaimOrder {
  /** Tasks that one claim asks for. */
  readonly batch: number
  /** It ends when it has so many, or nothing is left. */
  readonly most: number
}

/** A process that claims and does nothing else. */
export interface Claimer {
  /** uuids of the tasks that it has claimed. */
  claim(order: ClaimOrder): Promise<string[]>
  stop(): Promise<void>
}

/** Starts test/engine/claimer-process.ts over a database. */
export async function startClaimer(url: string, types: readonly string[]): Promise<Claimer> {
  const file = fileURLToPath(new URL('../engine/claimer-process.ts', import.meta.url))
  const child = fork(file, { env: { PATH: process.env.PATH, DATABASE_URL: url, TYPES: types.join(',') }, execArgv: [] })
  const exited = once(child, 'exit')
  const answer = async (): Promise<unknown> => {
    const tooEarly = exited.then(([code]): never => {
      throw new Error(`The claimer ended with ${code}`)
    })
    const [message] = await Promise.race([once(child, 'message'), tooEarly])
    return message
  }
  await answer()
  return {
    async claim(order) {
      child.send(order)
      return (await answer()) as string[]
    },
    async stop() {
      child.disconnect()
      await exited
    },
  }
}
