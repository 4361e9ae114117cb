import type { SkipReason } from '../../trigger/trigger-state.ts'
import { builder } from '../builder.ts'

export const TriggerStatusEnum = builder.enumType('TriggerStatus', {
  description: 'Where a trigger stands.',
  values: {
    ACTIVE: { description: 'Takes events.' },
    PAUSED: { description: 'Held back by hand: events pass it by.' },
  } as const,
})

export const FiringCauseEnum = builder.enumType('FiringCause', {
  description: 'Why a trigger fired.',
  values: {
    EVENT: { description: 'An event came that it takes.' },
    HAND: { description: 'Somebody asked for it, with an event that was made up.' },
  } as const,
})

export const FiringStatusEnum = builder.enumType('FiringStatus', {
  description: 'What came of an event that a trigger takes.',
  values: {
    PENDING: { description: 'No scheduler has looked at it yet.' },
    STARTED: { description: 'It started its task or run.' },
    SKIPPED: { description: 'It started nothing; `skipReason` says why.' },
    FAILED: {
      description: 'An expression failed, or its task or run was refused; `errorCode` and `errorMessage` say why.',
    },
  } as const,
})

export const FiringSkipReasonEnum = builder.enumType('FiringSkipReason', {
  description: 'Why an event started nothing, although nothing was wrong.',
  values: {
    CONDITION: { description: 'The condition of the trigger does not hold for it.' },
    COOL_DOWN: { description: 'The trigger had started something less than its cool-down before.' },
    MAX_PER_HOUR: { description: 'The trigger had started as many in an hour as it may.' },
    MAX_PER_DAY: { description: 'The trigger had started as many in 24 hours as it may.' },
    PAUSED: { description: 'The trigger was paused before a scheduler looked at it.' },
    DELETED: { description: 'The trigger was deleted before a scheduler looked at it.' },
  } as const satisfies Record<SkipReason, object>,
})
