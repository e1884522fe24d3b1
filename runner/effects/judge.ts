import { coversName, type EffectGrants, grantWords, MOST_EFFECTS } from '../../schema/effects.ts'
import { RUNS_BRANCH_NAME } from '../store/refs.ts'
import { globMatcher } from '../tools/globs.ts'
import { MOST_PROPOSAL_BYTES, MOST_PROPOSED_BYTES, type Proposal } from './proposal.ts'
import { problemOfPath } from './protected-path.ts'

/** What proposals are judged by. */
export interface EffectRules {
  /** What the definition declares. */
  readonly grants: EffectGrants
  /** Kinds that the config lets workflows have carried out. `undefined`: all. Source: `policy.effects`. */
  readonly kinds: readonly string[] | undefined
  /** Globs of files that may be written. Source: `policy.write_paths`. */
  readonly writePaths: readonly string[]
}

/**
 * Why a proposal is not taken, as a piece of a sentence; `undefined`: it may be carried out, as far as that can be told
 * without asking GitHub. Pure.
 *
 * @param before those of the run that were taken before it.
 */
export function objectionTo(
  proposal: Proposal,
  { grants, kinds, writePaths }: EffectRules,
  before: readonly Proposal[],
): string | undefined {
  const { kind } = proposal
  const grant = grants.get(kind)
  if (!grant) return `\`permissions\` of the workflow does not declare \`${kind}\``
  if (kinds && !kinds.includes(kind))
    return `policy.effects in .codemie/config.yaml does not list \`${kind}\``
  if (before.length >= MOST_EFFECTS) return `a run may write ${MOST_EFFECTS} times, and did`
  if (before.filter((one) => one.kind === kind).length >= grant.most)
    return `\`permissions\` of the workflow allows ${grant.most} of \`${kind}\`, and that many were proposed`
  const size = sizeOf(proposal)
  if (
    size > MOST_PROPOSAL_BYTES ||
    before.reduce((sum, one) => sum + sizeOf(one), size) > MOST_PROPOSED_BYTES
  )
    return `it is too large: ${MOST_PROPOSAL_BYTES / 1024} KiB are taken at once, and ${MOST_PROPOSED_BYTES / 1024} KiB of a run`
  const stranger = namesIn(proposal).find((name) => !coversName(grant, name))
  if (stranger !== undefined)
    return `\`permissions\` of the workflow allows \`${kind}: ${grantWords(grant)}\`, and not '${stranger}'`
  return objectionToContent(proposal, grants, writePaths)
}

function sizeOf(proposal: Proposal): number {
  return Buffer.byteLength(JSON.stringify(proposal))
}

/** The names that patterns of a grant have to cover. */
function namesIn(proposal: Proposal): readonly string[] {
  switch (proposal.kind) {
    case 'label':
      return [...proposal.add, ...proposal.remove]
    case 'review':
      return [proposal.verdict]
    case 'status':
      return [proposal.context]
    case 'branch':
      return [proposal.branch]
    default:
      return []
  }
}

function objectionToContent(
  proposal: Proposal,
  grants: EffectGrants,
  writePaths: readonly string[],
): string | undefined {
  const own = proposal.kind === 'label' && namesIn(proposal).find((name) => /^codemie:/i.test(name))
  if (own) return `the label '${own}' is for people: such labels approve changes`
  if (proposal.kind === 'label')
    return proposal.add.length + proposal.remove.length === 0 ? 'it names no label' : undefined
  if (proposal.kind === 'pull-request') {
    const branches = grants.get('branch')
    if (!branches) return '`permissions` of the workflow does not declare `branch`, which it comes from'
    if (!coversName(branches, proposal.branch))
      return `\`permissions\` of the workflow allows \`branch: ${grantWords(branches)}\`, and not '${proposal.branch}'`
    return problemOfBranch(proposal.branch)
  }
  if (proposal.kind !== 'branch') return undefined
  return problemOfBranch(proposal.branch) ?? problemOfFiles(proposal.files, writePaths)
}

/** Names that every git takes, and none that git or a shell reads in two ways. Source: git-check-ref-format. */
const PLAIN_BRANCH = /^[A-Za-z0-9][\w+-]*(?:\.[\w+-]+)*(?:\/[A-Za-z0-9_][\w+-]*(?:\.[\w+-]+)*)*$/

function problemOfBranch(branch: string): string | undefined {
  if (!PLAIN_BRANCH.test(branch) || /\.lock(?:\/|$)/.test(branch))
    return `'${branch}' is no plain name of a branch`
  const isOurs =
    `${branch}/`.toLowerCase().startsWith(`${RUNS_BRANCH_NAME}/`) || /^codemie-refs(?:\/|$)/i.test(branch)
  return isOurs ? `the branch '${branch}' belongs to the records of runs` : undefined
}

function problemOfFiles(
  files: Extract<Proposal, { kind: 'branch' }>['files'],
  writePaths: readonly string[],
): string | undefined {
  const mayWrite = globMatcher(writePaths, 'propose_commit', 'policy.write_paths in .codemie/config.yaml')
  const seen = new Set<string>()
  for (const { path, content, remove = false } of files) {
    const problem = problemOfPath(path)
    if (problem !== undefined) return problem
    if (!mayWrite(path)) return `'${path}' is not among policy.write_paths in .codemie/config.yaml`
    if (seen.has(path)) return `'${path}' stands in it twice`
    seen.add(path)
    if (remove === (content !== undefined)) return `'${path}' needs either \`content\` or \`remove: true\``
    if (content?.includes('\0')) return `'${path}' is no text`
  }
  return undefined
}
