import type { Config } from '../infra/config/settings.ts'
import { type Log, openLog } from '../infra/log.ts'

/** The log of this process as its settings want it. */
export function openProcessLog({ logFormat, logLevel }: Pick<Config, 'logFormat' | 'logLevel'>): Log {
  const isPretty = logFormat === 'pretty' || (logFormat === 'auto' && process.stderr.isTTY)
  return openLog({ level: logLevel, pretty: isPretty })
}
