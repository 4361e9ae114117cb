/** A promise that a test settles by hand. */
export interface Signal {
  readonly promise: Promise<void>
  give(): void
}

export function signal(): Signal {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, give: resolve }
}
