type Present<T> = { [Name in keyof T]?: NonNullable<T[Name]> }

/** The fields of an input that were given: null and absent mean the same where there is nothing to take away. */
export function present<T extends object>(input: T): Present<T> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value != null)) as Present<T>
}
