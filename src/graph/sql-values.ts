/** The values of a statement that is put together from parts. */
export class SqlValues {
  readonly list: unknown[] = []

  /** Takes a value in and returns its placeholder, with a cast where the type is not plain. */
  bind(value: unknown, type?: string): string {
    this.list.push(value)
    return type === undefined ? `$${this.list.length}` : `$${this.list.length}::${type}`
  }
}
