import type { StepType } from '../../definition/definition.ts'
import { approvalRule } from './approval.ts'
import { conditionRule } from './condition.ts'
import { customRule } from './custom.ts'
import { loopRule } from './loop.ts'
import { mapRule } from './map.ts'
import { parallelRule } from './parallel.ts'
import { sequentialRule } from './sequential.ts'
import type { StepRule } from './step-rule.ts'
import { subworkflowRule } from './subworkflow.ts'
import { taskRule } from './task.ts'
import { waitRule } from './wait.ts'
import { webhookRule } from './webhook.ts'

const RULES: { readonly [Type in StepType]: StepRule<Type> } = {
  TASK: taskRule,
  CONDITION: conditionRule,
  PARALLEL: parallelRule,
  SEQUENTIAL: sequentialRule,
  LOOP: loopRule,
  MAP: mapRule,
  WAIT: waitRule,
  APPROVAL: approvalRule,
  WEBHOOK: webhookRule,
  SUBWORKFLOW: subworkflowRule,
  CUSTOM: customRule,
}

/** The rule of a type. It is given steps of that type only. */
export function ruleOf<Type extends StepType>(type: Type): StepRule<Type> {
  return RULES[type]
}
