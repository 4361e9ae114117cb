import type { TaskCountFieldsFragment } from '../../sdk/generated/operations.ts'

/** `1,234`, or `10,000+` for what was not counted to the end. */
export function showCount({ value, isExact }: Omit<TaskCountFieldsFragment, '__typename'>): string {
  return `${value.toLocaleString('en')}${isExact ? '' : '+'}`
}
