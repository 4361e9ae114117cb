const STEPS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
]

/** A duration as people write it, in its two largest units: 1h 5m, 3m 20s, 1.4s, 230ms. */
export function showMs(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)}s`
  const first = STEPS.findIndex(([size]) => ms >= size)
  const [size, unit] = STEPS[first]!
  const [nextSize, nextUnit] = STEPS[first + 1] ?? [0, '']
  const rest = nextSize === 0 ? 0 : Math.floor((ms % size) / nextSize)
  return `${Math.floor(ms / size)}${unit}${rest === 0 ? '' : ` ${rest}${nextUnit}`}`
}

const ISO = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/

/** An ISO 8601 duration as people write it; what is not understood stays as it is. */
export function showDuration(iso: string): string {
  const match = ISO.exec(iso)
  if (match === null) return iso
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0))
  return showMs(((((weeks! * 7 + days!) * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1_000)
}

/** How long ago or how far ahead a time is: 5m ago, in 2h. */
export function showRelative(iso: string, now: Date): string {
  const ms = now.getTime() - new Date(iso).getTime()
  if (Math.abs(ms) < 1_000) return 'now'
  const [largest] = showMs(Math.abs(ms) < 10_000 ? Math.floor(Math.abs(ms) / 1_000) * 1_000 : Math.abs(ms)).split(' ')
  const text = largest!.replace('.0s', 's')
  return ms > 0 ? `${text} ago` : `in ${text}`
}

/** From the start to the end, or to now; null when it has not started. */
export function elapsedMs(
  { startedAt, finishedAt }: { readonly startedAt: string | null; readonly finishedAt: string | null },
  now: Date,
): number | null {
  if (startedAt === null) return null
  const end = finishedAt === null ? now.getTime() : new Date(finishedAt).getTime()
  return Math.max(0, end - new Date(startedAt).getTime())
}
