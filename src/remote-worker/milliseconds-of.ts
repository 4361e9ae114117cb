const PATTERN = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/

/**
 * Milliseconds of a duration as the server writes it.
 *
 * @throws TypeError when it is none
 */
export function millisecondsOf(duration: string): number {
  const match = PATTERN.exec(duration)
  if (match === null) throw new TypeError(`The server sent "${duration}" where a duration belongs`)
  const [days, hours, minutes, seconds] = match.slice(1).map((text) => Number(text ?? 0))
  return (((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1_000
}
