import { type EffectKind, effectGrants, kindOfTool } from '../../schema/effects.ts'
import type { RepositoryConfig, Workflow } from '../../schema/index.ts'
import type { Effect, EffectReply, Perform, ToolEffect, ToolReply } from '../effect.ts'
import { standingEvents } from '../engine/standing.ts'
import type { RunEvent } from '../events.ts'
import { StepFailure } from '../failure.ts'
import { createHash } from '../hash.ts'
import { type EffectRules, objectionTo } from './judge.ts'
import { aboutProposal, type Proposal, type Proposed } from './proposal.ts'

/** What a definition and a config let a run propose. */
export function effectRules(workflow: Workflow, { policy }: Pick<RepositoryConfig, 'policy'>): EffectRules {
  return { grants: effectGrants(workflow.permissions), kinds: policy.effects, writePaths: policy.writePaths }
}

/**
 * A door that judges what tools propose: a proposal that is not declared, too many, too large, forbidden or malformed comes
 * back refused. Nothing is written. One that an earlier try of the run made counts, unless its step is tried again.
 *
 * @param known the journal of earlier tries.
 */
export function proposingDoor(
  inner: Perform,
  {
    runId,
    rules,
    known,
  }: { readonly runId: string; readonly rules: EffectRules; readonly known: readonly RunEvent[] },
): Perform {
  const taken = new Ledger(known)
  const judge = async (effect: ToolEffect, kind: EffectKind): Promise<ToolReply> => {
    const key = keyOf(runId, effect)
    const refuse = (about: string, refused: string): ToolReply => ({
      result: `Refused: ${refused}`,
      proposed: { kind, about, key, refused },
    })
    let proposal: Proposal
    try {
      proposal = (await inner(effect)).result as Proposal
    } catch (error) {
      if (!(error instanceof StepFailure) || error.code !== 'tool-arguments-invalid') throw error
      return refuse(kind, error.message)
    }
    const about = aboutProposal(proposal)
    const objection = objectionTo(proposal, rules, taken.before(effect))
    if (objection !== undefined) return refuse(about, objection)
    taken.add(effect, proposal)
    return {
      result: `Proposed: ${about}. It is carried out after the run, if nothing is against it then.`,
      proposed: { kind, about, key, proposal } satisfies Proposed,
    }
  }
  return async <E extends Effect>(effect: E): Promise<EffectReply<E>> => {
    const kind = effect.kind === 'tool' && !effect.request.mcp ? kindOfTool(effect.request.tool) : undefined
    if (kind === undefined) return await inner(effect)
    return (await judge(effect as ToolEffect, kind)) as EffectReply<E>
  }
}

/** Names a proposal in its run: the same place in the run has the same name in each attempt. */
function keyOf(runId: string, { path, ordinal }: ToolEffect): string {
  return createHash('sha256')
    .update(JSON.stringify([runId, path, ordinal]))
    .digest('hex')
    .slice(0, 16)
}

type Place = Pick<ToolEffect, 'path' | 'attempt' | 'ordinal'>

/** The proposals of a run that were taken; what a failed attempt proposed goes when the next one begins to propose. */
class Ledger {
  readonly #taken = new Map<string, Place & { readonly proposal: Proposal }>()

  constructor(known: readonly RunEvent[]) {
    for (const event of standingEvents(known)) {
      if (event.type !== 'effect-finished' || !event.proposed?.proposal) continue
      this.before(event)
      this.add(event, event.proposed.proposal)
    }
  }

  /** Those that count beside the one that is to be judged. */
  before({ path, attempt, ordinal }: Place): readonly Proposal[] {
    for (const [key, one] of this.#taken) {
      if (one.path === path && (one.attempt < attempt || one.ordinal === ordinal)) this.#taken.delete(key)
    }
    return [...this.#taken.values()].map(({ proposal }) => proposal)
  }

  add({ path, attempt, ordinal }: Place, proposal: Proposal): void {
    this.#taken.set(`${path} ${ordinal}`, { path, attempt, ordinal, proposal })
  }
}
