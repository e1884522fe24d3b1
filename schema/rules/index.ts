import { effectLimits, undeclaredEffects } from './effects.ts'
import { errorHandlers } from './error-handlers.ts'
import { expressionMeaning, expressionSyntax } from './expressions.ts'
import { endlessLoops, limits, oddTransitions, reachability, retryUnits } from './flow.ts'
import { duplicateIds, stateReferences, unusedEntries, workerReferences } from './references.ts'
import type { Rule } from './rule.ts'
import { shards } from './shards.ts'
import {
  autonomousMode,
  exclusiveInterrupts,
  exclusiveKeysOfNext,
  keysOfOtherKinds,
  olderHistoryKey,
  oneKind,
  outputKey,
  ownStateKeys,
  retired,
  someStates,
  stateIds,
} from './states.ts'
import {
  describedSchemas,
  itemVariable,
  iterKeyInSchema,
  literalTemplates,
  templateSyntax,
} from './templates.ts'
import { events, filters } from './triggers.ts'
import {
  agentCommands,
  agentKeys,
  assistantCircles,
  customNodeKinds,
  documentFilters,
  mcpServers,
  nodeSettings,
  secretsInServers,
  storedAssistantKeys,
} from './workers.ts'

/** All rules between the keys of a CodeMie file. The order has no meaning: reports are sorted by place. */
export const CODEMIE_RULES: readonly Rule[] = [
  autonomousMode,
  someStates,
  oneKind,
  exclusiveKeysOfNext,
  exclusiveInterrupts,
  olderHistoryKey,
  stateIds,
  workerReferences,
  stateReferences,
  duplicateIds,
  unusedEntries,
  outputKey,
  keysOfOtherKinds,
  ownStateKeys,
  errorHandlers,
  events,
  filters,
  retired,
  reachability,
  endlessLoops,
  oddTransitions,
  shards,
  limits,
  retryUnits,
  expressionSyntax,
  expressionMeaning,
  literalTemplates,
  itemVariable,
  templateSyntax,
  iterKeyInSchema,
  describedSchemas,
  customNodeKinds,
  documentFilters,
  nodeSettings,
  storedAssistantKeys,
  assistantCircles,
  agentCommands,
  agentKeys,
  mcpServers,
  secretsInServers,
  undeclaredEffects,
  effectLimits,
]
