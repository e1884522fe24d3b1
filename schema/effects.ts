import { matchesPatterns } from './trigger/filter-pattern.ts'
import type { Permissions } from './workflow.ts'

/** How a definition limits a kind of effect, and what carrying it out takes. */
export interface EffectKindFacts {
  /** The tool that proposes it. */
  readonly tool: string
  /** `count`: a number of writes. `names`: patterns of names. `verdict`: how far it may go, see {@link VERDICTS}. */
  readonly limit: 'count' | 'names' | 'verdict'
  /** Writes of one run, whatever is declared. */
  readonly most: number
  /** For people, to follow "may": `comment on the pull request or issue`. */
  readonly words: string
  /** Permissions of the job that carries it out. */
  readonly needs: Readonly<Record<string, 'write'>>
}

/** What a workflow can write to GitHub: keys of `permissions` in a definition. */
export const EFFECTS = {
  comment: {
    tool: 'propose_comment',
    limit: 'count',
    most: 10,
    words: 'comment on the issue or pull request that it is about',
    needs: { issues: 'write', 'pull-requests': 'write' },
  },
  label: {
    tool: 'propose_labels',
    limit: 'names',
    most: 10,
    words: 'put labels on it, or take them off',
    needs: { issues: 'write', 'pull-requests': 'write' },
  },
  issue: {
    tool: 'propose_issue',
    limit: 'count',
    most: 10,
    words: 'open issues',
    needs: { issues: 'write' },
  },
  review: {
    tool: 'propose_review',
    limit: 'verdict',
    most: 1,
    words: 'review the pull request; never approve it',
    needs: { 'pull-requests': 'write' },
  },
  status: {
    tool: 'propose_status',
    limit: 'names',
    most: 10,
    words: 'set statuses of the commit',
    needs: { statuses: 'write' },
  },
  branch: {
    tool: 'propose_commit',
    limit: 'names',
    most: 5,
    words: 'commit to branches',
    needs: { contents: 'write' },
  },
  'pull-request': {
    tool: 'propose_pull_request',
    limit: 'count',
    most: 5,
    words: 'open pull requests from these branches',
    needs: { 'pull-requests': 'write' },
  },
} as const satisfies Readonly<Record<string, EffectKindFacts>>

export type EffectKind = keyof typeof EFFECTS

/** All kinds, in the order in which they are documented. */
export const EFFECT_KINDS = Object.keys(EFFECTS) as readonly EffectKind[]

/** What a review may say, the later one more; `request-changes` holds a pull request, and nothing here lets one through. */
export const VERDICTS = ['comment', 'request-changes'] as const

/** Writes of all kinds together in one run. */
export const MOST_EFFECTS = 30

/** What a definition allows of one kind. */
export interface EffectGrant {
  /** Writes of one run. */
  readonly most: number
  /** Patterns of names of labels, statuses or branches; verdicts of a review. `undefined`: the kind has no names. */
  readonly names?: readonly string[]
}

/** What a definition allows, by kind. A kind that is not there is refused. */
export type EffectGrants = ReadonlyMap<EffectKind, EffectGrant>

/** Whether a key of `permissions` is a kind of effect, and no permission of a job as GitHub names it. */
export function isEffectKind(key: string): key is EffectKind {
  return Object.hasOwn(EFFECTS, key)
}

/** Reads what a definition declares under `permissions`; what has another form than the format says grants nothing. */
export function effectGrants(permissions: Permissions): EffectGrants {
  const grants = new Map<EffectKind, EffectGrant>()
  for (const kind of EFFECT_KINDS) {
    const grant = Object.hasOwn(permissions, kind) ? grantOf(EFFECTS[kind], permissions[kind]) : undefined
    if (grant) grants.set(kind, grant)
  }
  return grants
}

function grantOf({ limit, most }: EffectKindFacts, value: Permissions[string] | undefined) {
  if (limit === 'count')
    return typeof value === 'number' && value >= 1 ? { most: Math.min(most, value) } : undefined
  if (limit === 'verdict') {
    const names = VERDICTS.slice(0, (VERDICTS as readonly unknown[]).indexOf(value) + 1)
    return names.length > 0 ? { most, names } : undefined
  }
  const names = typeof value === 'string' ? [value] : Array.isArray(value) ? (value as string[]) : []
  return names.length > 0 ? { most, names } : undefined
}

/** Whether a grant covers a name. Patterns are those of GitHub's filters: `*` stops at a slash, and `!` takes away. */
export function coversName({ names = [] }: EffectGrant, name: string): boolean {
  return matchesPatterns(names, name)
}

/** What a grant allows, as people read it: `2`, `triage/*, bug`. */
export function grantWords({ most, names }: EffectGrant): string {
  return names?.join(', ') ?? String(most)
}

/** The kind that a tool proposes, by the tool's name. `undefined`: it proposes nothing. */
export function kindOfTool(tool: string): EffectKind | undefined {
  return EFFECT_KINDS.find((kind) => EFFECTS[kind].tool === tool)
}
