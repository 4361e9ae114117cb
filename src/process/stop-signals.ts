import type { Log } from '../infra/log.ts'

/** Why a running server ends. */
export type StopReason =
  | { readonly kind: 'asked'; readonly by: string }
  | { readonly kind: 'broken'; readonly error: unknown }

export interface StopSignals {
  /** Aborted, with a StopReason, when the process is to end. */
  readonly signal: AbortSignal
  /** Ends the process in order because of an error. */
  breakDown(error: unknown): void
}

/** npm passes Ctrl-C on to a process that the terminal has told already: what follows so soon is the same wish. */
const sameWishMs = 500

/**
 * Listens to the wishes to end: SIGINT, SIGTERM, SIGHUP, and errors that nobody caught.
 *
 * The first one asks for an orderly end, a second signal ends the process at once.
 */
export function listenForStop(log: Log): StopSignals {
  const controller = new AbortController()
  let askedAt = 0
  const ask = (by: string): void => {
    if (!controller.signal.aborted) {
      askedAt = performance.now()
      log.info({ signal: by }, 'stopping; once more ends at once')
      controller.abort({ kind: 'asked', by } satisfies StopReason)
    } else if (performance.now() - askedAt > sameWishMs) {
      process.exit(1)
    }
  }
  const breakDown = (error: unknown): void => {
    log.fatal({ err: error }, 'stopping because of an error')
    controller.abort({ kind: 'broken', error } satisfies StopReason)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ask(name))
  process.on('uncaughtException', breakDown)
  process.on('unhandledRejection', breakDown)
  return { signal: controller.signal, breakDown }
}
