import { diffDefinitions } from '../runner/diff-definitions.ts'
import { Refusal } from '../runner/failure.ts'
import { missingObjects, openCommits } from '../runner/fetch-commits.ts'
import { commonCommit } from '../runner/git/ancestry.ts'
import { type Git, GitError } from '../runner/git/git.ts'
import { shallowCommits } from '../runner/git/shallow.ts'
import type { Project } from '../runner/project.ts'
import { PROJECT_DIRECTORY } from '../runner/project-files.ts'
import { listTree } from '../runner/store/objects.ts'
import type { ComparedDefinition } from '../schema/diff/definitions.ts'
import type { Forge } from './github.ts'
import type { ReviewSubject } from './review-subject.ts'

/** What a change does to the files that say what may run. */
export interface ReviewedChanges {
  /** Commit that the head was compared with; `undefined`: with none. */
  readonly from: string | undefined
  readonly diffs: readonly ComparedDefinition[]
  /** Paths that came or changed and cannot be compared by what they mean, each with the reason. */
  readonly uncomparable: readonly { readonly file: string; readonly why: string }[]
  /** What to tell people about the comparison itself, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Compares the definitions at the head of what is reviewed with where it parted from its base, or for what is merged
 * already with what was there before. Commits that the clone lacks are fetched. Refuses with `history-missing`.
 *
 * @param options.forge asked for the common commit where the clone is too shallow to tell.
 * @param options.tmp folder for what is fetched. Default: that of the system.
 */
export async function compareChanges(
  { root, repository }: Pick<Project, 'root' | 'repository'>,
  { base, head, pull }: ReviewSubject,
  options: {
    readonly forge: Forge | undefined
    readonly token: string | undefined
    readonly tmp: string | undefined
  },
): Promise<ReviewedChanges> {
  if (base === undefined) {
    return { from: undefined, diffs: [], uncomparable: [], notes: ['The branch is new: nothing to compare.'] }
  }
  const common = pull === undefined ? base : await findCommon(repository, base, head, options.forge)
  const from = common ?? base
  const { git, close } = await openCommits(repository, [from, head], options).catch(explainMissing)
  try {
    const [before, after] = await Promise.all([pathsIn(git, from), pathsIn(git, head)])
    // In a clone without all contents a file that is not here would look as if it were gone.
    const blobs = [...before.values(), ...after.values()].flatMap(({ id, isBlob }) => (isBlob ? [id] : []))
    if ((await missingObjects(git, blobs).catch(explainMissing)).length > 0) {
      throw lacksHistory('which was made without the contents of files')
    }
    const diffs = await diffDefinitions({ root, git }, { from, to: head })
    const links = [...after].filter(([, { isLink }]) => isLink)
    const isNew = ([file, { id }]: (typeof links)[number]) => before.get(file)?.id !== id
    return {
      from,
      diffs,
      uncomparable: links
        .filter(isNew)
        .map(([file]) => ({ file, why: 'is a link, and what it leads to is not looked at' })),
      notes: [
        ...(common === undefined
          ? ['Base and head have no commit in common: they are compared as they are.']
          : []),
        ...(links.some((one) => !isNew(one))
          ? [`There are links in ${PROJECT_DIRECTORY}: changes of what they lead to are not looked at.`]
          : []),
      ],
    }
  } finally {
    close()
  }
}

/**
 * Where head and base parted; `undefined`: they have no commit in common. A shallow clone may only show an older one, or
 * none, so the forge is asked there.
 */
async function findCommon(
  { git, commonDir }: Project['repository'],
  base: string,
  head: string,
  forge: Forge | undefined,
): Promise<string | undefined> {
  const isWhole = shallowCommits(commonDir).size === 0
  if (isWhole && (await missingObjects(git, [base, head])).length === 0) {
    return await commonCommit(git, base, head)
  }
  if (forge === undefined) throw lacksHistory('and there is no token to ask GitHub with')
  const { owner, repo } = forge
  try {
    const { data } = await forge.ask('ask where head and base parted', 'contents: read', (octokit) =>
      octokit.rest.repos.compareCommitsWithBasehead({
        owner,
        repo,
        basehead: `${base}...${head}`,
        per_page: 1,
      }),
    )
    return data.merge_base_commit.sha
  } catch (error) {
    // Also said of commits without a common one, which is no more than a longer diff.
    if (error instanceof Refusal && error.code === 'forge-not-found') return undefined
    throw error
  }
}

function lacksHistory(why: string, cause?: unknown): Refusal {
  return new Refusal('history-missing', `The clone lacks what the review compares, ${why}`, {
    help: 'Give the step `token`, such as `github.token`, or actions/checkout `fetch-depth: 0` and no `filter`.',
    cause,
  })
}

function explainMissing(error: unknown): never {
  if (!(error instanceof GitError) || error.kind === 'not-started') throw error
  throw lacksHistory(
    `and git could not fetch them: ${error.stderr.trim().split('\n').at(-1) ?? error.message}`,
    error,
  )
}

/** What lies in the folder of definitions at a commit, or in its place. Links are symbolic ones and submodules. */
async function pathsIn(
  git: Git,
  commit: string,
): Promise<ReadonlyMap<string, { readonly id: string; readonly isLink: boolean; readonly isBlob: boolean }>> {
  const entries = await listTree(git, commit, [PROJECT_DIRECTORY])
  return new Map(
    entries.map(({ mode, type, object, path }) => [
      path,
      { id: object, isLink: mode === '120000' || mode === '160000', isBlob: type === 'blob' },
    ]),
  )
}
