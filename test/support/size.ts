/** True in `npm run test:full`. */
export const isFullSize: boolean = process.env.TEST_SIZE === 'full'

/** Picks the size of a test: the first runs in `npm test`, the second in `npm run test:full`. */
export function sized<T>(usual: T, full: T): T {
  return isFullSize ? full : usual
}
