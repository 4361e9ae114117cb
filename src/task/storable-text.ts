/**
 * Text that the database will take, whatever it was: no NUL character, no half of a surrogate pair.
 *
 * @param longest characters that are kept
 */
export function storableText(value: unknown, longest: number): string {
  return String(value).slice(0, longest).replaceAll('\0', '\uFFFD').toWellFormed()
}
