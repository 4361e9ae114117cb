import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Asks, StartReport } from './process.ts'
import type { Run } from './system.ts'

/** A process of the field, seen from the bench. */
export interface Member {
  readonly pid: number
  /** Rejects with what went wrong there. */
  ask<Name extends keyof Asks>(name: Name, ...order: Parameters<Asks[Name]>): ReturnType<Asks[Name]>
  /** Stops it in order, or hard when that takes too long. */
  end(): Promise<void>
}

const LONGEST_END_MS = 10_000

export async function startMember(run: Run, onReport?: (report: StartReport) => void): Promise<Member> {
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), [JSON.stringify(run)], {
    serialization: 'advanced',
  })
  const open = new Map<number, PromiseWithResolvers<unknown>>()
  let asked = 0
  const ready = Promise.withResolvers<void>()
  child.on('message', (message: Record<string, unknown>) => {
    if ('isReady' in message) ready.resolve()
    else if ('report' in message) onReport?.(message.report as StartReport)
    else {
      const id = message.id as number
      const waiting = open.get(id)!
      open.delete(id)
      if ('error' in message) waiting.reject(new Error(`${run.system}: ${message.error}`))
      else waiting.resolve(message.answer)
    }
  })
  child.once('exit', (code, signal) => {
    const error = new Error(`${run.system}: a process ended with ${code ?? signal}`)
    ready.reject(error)
    for (const { reject } of open.values()) reject(error)
  })
  await ready.promise
  const ask = (name: string, order?: unknown): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>()
    open.set(++asked, answer)
    child.send({ id: asked, ask: name, order })
    return answer.promise
  }
  return { pid: child.pid!, ask: ask as Member['ask'], end: () => endInOrder(child, ask) }
}

async function endInOrder(child: ChildProcess, ask: (name: string) => Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_END_MS)
  await ask('close').catch(() => undefined)
  if (child.connected) child.disconnect()
  await exit
  clearTimeout(timer)
}
