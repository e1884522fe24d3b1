import type { RequestPermissionRequest, RequestPermissionResponse } from '@agentclientprotocol/sdk'
import type { AgentSettings } from '../../schema/config.ts'
import { StepFailure } from '../failure.ts'
import { resolveForWrite, resolveInRoot } from '../tools/root.ts'
import { mayDo } from './policy.ts'

/** What is said to an agent that asks whether it may call a tool. */
export interface Permission {
  readonly isAllowed: boolean
  readonly response: RequestPermissionResponse
}

/** Where an agent works and what it may do there. */
export interface AgentPlace {
  readonly settings: Pick<AgentSettings, 'allowed'>
  /** Absolute real path of the repository. */
  readonly root: string
  /** Globs of what may be written; `policy.write_paths` of the config. */
  readonly writePaths: readonly string[]
}

/**
 * Answers by the policy, for this once. Places outside the repository, and files that tools may not write either, are
 * denied whatever the policy says of the agent. One that does not offer the answer hears that its turn is cancelled.
 */
export async function answerPermission(
  { toolCall, options }: Pick<RequestPermissionRequest, 'toolCall' | 'options'>,
  place: AgentPlace,
): Promise<Permission> {
  const isAllowed = mayDo(place.settings, toolCall.kind) && (await mayTouch(toolCall, place))
  const option = options.find(({ kind }) => kind === (isAllowed ? 'allow_once' : 'reject_once'))
  return option
    ? { isAllowed, response: { outcome: { outcome: 'selected', optionId: option.optionId } } }
    : { isAllowed: false, response: { outcome: { outcome: 'cancelled' } } }
}

/** Kinds of calls that change the files they name. */
const WRITING: readonly unknown[] = ['edit', 'delete', 'move']

/** Whether all places that a call names may be used for it. */
async function mayTouch(
  { kind, locations, content }: RequestPermissionRequest['toolCall'],
  { root, writePaths }: AgentPlace,
): Promise<boolean> {
  const use = { tool: 'agent', argument: 'path' }
  const policy = { writeFiles: true, writePaths }
  const changed = (content ?? []).flatMap((one) => (one.type === 'diff' ? one.path : []))
  const named = (locations ?? []).map(({ path }) => path)
  try {
    for (const path of named) await resolveInRoot({ root }, path, use)
    for (const path of WRITING.includes(kind) ? [...changed, ...named] : changed) {
      await resolveForWrite({ root, policy }, path, use)
    }
    return true
  } catch (error) {
    if (error instanceof StepFailure) return false
    throw error
  }
}
